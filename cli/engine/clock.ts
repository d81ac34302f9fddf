/** The engine's clock: monotonic milliseconds since a run began, and one-shot timers. */

export interface EngineClock {
  /** Milliseconds since the clock was made, with fractions; never goes back. */
  now(): number;
  /** Calls back after that many milliseconds; at 0, once pending input has been served. */
  after(ms: number, callback: () => void): Alarm;
}

export interface Alarm {
  cancel(): void;
}

/** A clock that starts at 0 now. The only place of the engine that reads `performance.now()`. */
export function startClock(): EngineClock {
  const origin = performance.now();
  return {
    now: () => performance.now() - origin,
    after(ms, callback) {
      if (ms <= 0) {
        const soon = setImmediate(callback);
        return { cancel: () => clearImmediate(soon) };
      }
      const later = setTimeout(callback, ms);
      return { cancel: () => clearTimeout(later) };
    },
  };
}
