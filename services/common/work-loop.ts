/** Looks for work until it is stopped: at once when woken, and now and then when nobody says anything. */
import { systemTimers, type Timers } from "./timers.ts";

export interface WorkLoopOptions {
  /** One look. Resolves to how long to rest before the next one, in milliseconds; 0: not at all. */
  readonly look: () => Promise<number>;
  /** A look that failed; the next one comes after `retryMs`, woken or not. */
  readonly onError: (error: unknown) => void;
  readonly retryMs: number;
  readonly timers?: Timers | undefined;
}

/**
 * One look at a time. A wake-up during a look is remembered, so work committed while the last
 * question was on its way is never slept over.
 */
export class WorkLoop {
  readonly #options: WorkLoopOptions;
  #running: Promise<void> | undefined;
  #stopping = false;
  #woken = false;
  #endRest: () => void = () => {};

  constructor(options: WorkLoopOptions) {
    this.#options = options;
  }

  /** True from the call of `stop` on: long looks ask for it. */
  get stopping(): boolean {
    return this.#stopping;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Says that there is work; cheap, may be called for every transaction. */
  wake(): void {
    this.#woken = true;
    this.#endRest();
  }

  /** Finishes the look at hand and ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endRest();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { look, onError, retryMs } = this.#options;
    while (!this.#stopping) {
      this.#woken = false;
      let restMs: number;
      try {
        restMs = await look();
      } catch (error) {
        onError(error);
        // A wake-up is no reason to hammer a database that is away.
        this.#woken = false;
        restMs = retryMs;
      }
      if (restMs > 0) await this.#rest(restMs);
    }
  }

  #rest(ms: number): Promise<void> {
    if (this.#woken || this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = (this.#options.timers ?? systemTimers).after(ms, resolve);
      this.#endRest = () => {
        cancel();
        resolve();
      };
    });
  }
}
