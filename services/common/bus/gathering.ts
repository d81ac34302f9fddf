/** Collects deliveries that come together, so that a service handles them in one transaction. */
import type { Message } from "../contracts/messages.ts";
import { LIMITS } from "../limits.ts";
import type { Handler } from "./bus.ts";

/** Transactions for many messages at a time: while one commits, another runs. */
const BATCHES_AT_ONCE = 3;

interface Waiting {
  readonly message: Message;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface GatheringOptions {
  readonly handler: Handler;
  /** Rejects having changed nothing; the messages are then handled one by one. */
  readonly handleMany: (messages: readonly Message[]) => Promise<void>;
  /** Told why messages could not be handled together. */
  readonly onApart: (error: unknown) => void;
}

/** A handler whose messages share transactions. */
export function gathered(options: GatheringOptions): Handler {
  const gathering = new Gathering(options);
  return (message) => gathering.handle(message);
}

/**
 * What arrives in one turn of the event loop, or while enough transactions are under way, shares
 * the next one. A message that comes alone is handled at the end of its turn.
 */
class Gathering {
  readonly #options: GatheringOptions;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #scheduled = false;

  constructor(options: GatheringOptions) {
    this.#options = options;
  }

  /** As the handler's: resolves when the message's own effects are committed. */
  handle(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#work();
      });
    });
  }

  #work(): void {
    while (this.#waiting.length > 0 && this.#underWay < BATCHES_AT_ONCE) {
      const batch = this.#waiting.splice(0, LIMITS.busBatch);
      this.#underWay += 1;
      void this.#handle(batch).finally(() => {
        this.#underWay -= 1;
        this.#work();
      });
    }
  }

  async #handle(batch: readonly Waiting[]): Promise<void> {
    const { handleMany, onApart } = this.#options;
    if (batch.length > 1) {
      try {
        await handleMany(batch.map(({ message }) => message));
        for (const { resolve } of batch) resolve();
        return;
      } catch (error) {
        onApart(error);
      }
    }
    await Promise.all(batch.map((one) => this.#handleAlone(one)));
  }

  #handleAlone({ message, resolve, reject }: Waiting): Promise<void> {
    return this.#options.handler(message).then(resolve, reject);
  }
}
