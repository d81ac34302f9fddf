/** Time comes in from outside, so that rules about time are tested without waiting. */

export interface Clock {
  /** Milliseconds since 1970 by the wall clock; may step back. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** ISO-8601 UTC, milliseconds. */
export function instant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
