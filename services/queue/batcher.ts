/** Collects what is asked within one turn of the event loop and asks it as one batch. */

interface Asked<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Requests that a busy process reads from its sockets in one turn share a single call of the store.
 * Nobody waits for company: an item leaves at the end of the turn it came in.
 */
export class Batcher<Item, Answer> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly #largest: number;
  #waiting: Asked<Item, Answer>[] = [];

  /** `run` answers item by item, in order. */
  constructor(run: (items: readonly Item[]) => Promise<readonly Answer[]>, largest: number) {
    this.#run = run;
    this.#largest = largest;
  }

  /** Rejects with what `run` rejected with, for each item of its batch. */
  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ item, resolve, reject });
    });
  }

  #flush(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < all.length; from += this.#largest) {
      void this.#send(all.slice(from, from + this.#largest));
    }
  }

  async #send(batch: readonly Asked<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#run(batch.map(({ item }) => item));
      if (answers.length !== batch.length) {
        throw new Error(`${batch.length} asked, ${answers.length} answered`);
      }
      batch.forEach(({ resolve }, at) => {
        resolve(answers[at]!);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
