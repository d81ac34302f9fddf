/** Collects what is asked within one turn of the event loop and asks it as one batch. */
import { systemTimers, type Timers } from "./timers.ts";

interface Asked<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer | Promise<Answer>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers item by item, in order. An answer may be a promise: then its item hears of it by itself, and
 * the batch is under way until all have settled.
 */
export type RunBatch<Item, Answer> = (
  items: readonly Item[],
) => Promise<readonly (Answer | Promise<Answer>)[]>;

export interface BatcherOptions {
  readonly timers?: Timers | undefined;
  /** Batches under way at a time: while one is answered, the next is already being worked at. */
  readonly atOnce?: number;
}

const AT_ONCE = 8;

/**
 * Requests that a busy process reads from its sockets in one turn share a single call of the store,
 * and what comes while enough calls are under way shares the next. Nobody else is waited for: an
 * idle process sends an item at the end of the turn it came in.
 */
export class Batcher<Item, Answer> {
  readonly #run: RunBatch<Item, Answer>;
  readonly #largest: number;
  readonly #timers: Timers;
  readonly #atOnce: number;
  #waiting: Asked<Item, Answer>[] = [];
  #underWay = 0;
  #flushing = false;

  constructor(
    run: RunBatch<Item, Answer>,
    largest: number,
    { timers = systemTimers, atOnce = AT_ONCE }: BatcherOptions = {},
  ) {
    this.#run = run;
    this.#largest = largest;
    this.#timers = timers;
    this.#atOnce = atOnce;
  }

  /** Rejects with what `run` rejected with, for each item of its batch. */
  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#flushSoon();
    });
  }

  #flushSoon(): void {
    if (this.#flushing || this.#underWay >= this.#atOnce || this.#waiting.length === 0) return;
    this.#flushing = true;
    this.#timers.soon(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#underWay < this.#atOnce) {
      const batch = this.#waiting.splice(0, this.#largest);
      this.#underWay += 1;
      void this.#send(batch).finally(() => {
        this.#underWay -= 1;
        this.#flushSoon();
      });
    }
  }

  async #send(batch: readonly Asked<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#run(batch.map(({ item }) => item));
      if (answers.length !== batch.length) {
        throw new Error(`${batch.length} asked, ${answers.length} answered`);
      }
      batch.forEach(({ resolve }, at) => {
        resolve(answers[at] as Answer | Promise<Answer>);
      });
      await Promise.allSettled(answers);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
