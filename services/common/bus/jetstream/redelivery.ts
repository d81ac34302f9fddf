/** When a failed delivery is tried again, and when it is parked. */

const FIRST_MS = 100;
const LAST_MS = 15_000;

/** `deliveries`: how often it has been tried; 100 ms after the first, doubling up to 15 s. */
export function backoffMs(deliveries: number): number {
  return Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(Math.max(deliveries, 1) - 1, 20));
}
