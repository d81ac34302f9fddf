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

/** Where a clock's 0 lies: a reading of the machine's monotonic clock. */
export function clockOrigin(): bigint {
  return process.hrtime.bigint();
}

/**
 * A clock that starts at 0 now, or at `originNs`. The only place of the engine that reads
 * `performance.now()`. Processes of one machine read one monotonic clock (CLOCK_MONOTONIC, counted
 * from the machine's start), so clocks of one origin agree in all of them: nothing is estimated.
 */
export function startClock(originNs: bigint = clockOrigin()): EngineClock {
  const origin = readingAt(originNs);
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

const PAIRS = 5;

/**
 * What `performance.now()` showed at `originNs`. Both clocks are read in pairs, and the closest pair
 * counts: whatever comes between the two readings stays in every time of the clock.
 */
function readingAt(originNs: bigint): number {
  let closestMs = Number.POSITIVE_INFINITY;
  let reading = 0;
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const beforeMs = performance.now();
    const sinceMs = Number(clockOrigin() - originNs) / 1_000_000;
    const apartMs = performance.now() - beforeMs;
    if (apartMs >= closestMs) continue;
    closestMs = apartMs;
    reading = beforeMs + apartMs / 2 - sinceMs;
  }
  return reading;
}
