/** Timers come in from outside like the clock, so that a simulation may decide when they go off. */

export interface Timers {
  /** Runs `then` once, in `ms` milliseconds. Returns what calls it off. */
  after(ms: number, then: () => void): () => void;
  /** Runs `then` when what has arrived by now has been read. */
  soon(then: () => void): void;
  /** Milliseconds since some instant; never steps back. */
  elapsedMs(): number;
}

export const systemTimers: Timers = {
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
  soon: (then) => void setImmediate(then),
  elapsedMs: () => performance.now(),
};
