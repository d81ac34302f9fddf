/** Looks for passed deadlines again and again, in every process that coordinates sagas. */
import type { Log } from "../common/log.ts";

/** A deadline is acted on at most this late; one look is one indexed query, about 1 ms. */
const LOOK_EVERY_MS = 250;
const AFTER_FAILURE_MS = 1_000;

export interface DeadlineLoopOptions {
  /** Acts for one batch; resolves to how many it was. */
  readonly pass: () => Promise<number>;
  /** A batch of this size may have left some over: the next one follows at once. */
  readonly fullBatch: number;
  readonly log: Log;
}

export class DeadlineLoop {
  readonly #options: DeadlineLoopOptions;
  #running: Promise<void> | undefined;
  #stopping = false;
  #wake: () => void = () => {};

  constructor(options: DeadlineLoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Finishes the batch at hand and ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        const passed = await this.#options.pass();
        if (passed < this.#options.fullBatch) await this.#pause(LOOK_EVERY_MS);
      } catch (error) {
        // Deadlines stand in the database: the next look finds all that this one missed.
        this.#options.log.warn({ err: error }, "saga: deadlines not looked at, will try again");
        await this.#pause(AFTER_FAILURE_MS);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
