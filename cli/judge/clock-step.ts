/** Whether the queue's clock can be believed, from what clients saw of it. */
import type { Stint } from "./stint.ts";

/**
 * How far the queue's clock was seen to step back, in ms: of two passes of which one was surely
 * issued after the other, the later carries the earlier stamp by so much. 0 for an honest clock.
 * Accusations by that clock must exceed it.
 */
export function clockStepBackMs(stints: readonly Stint[]): number {
  const stamped = stints.filter((s) => s.pass?.admittedAtMs !== undefined);
  const byEnd = stamped.toSorted((a, b) => a.issuedToMs - b.issuedToMs);
  const byStart = stamped.toSorted((a, b) => a.issuedFromMs - b.issuedFromMs);
  let latest = -Infinity;
  let step = 0;
  let next = 0;
  for (const later of byStart) {
    for (; next < byEnd.length; next++) {
      const earlier = byEnd[next];
      if (!earlier || earlier.issuedToMs >= later.issuedFromMs) break;
      latest = Math.max(latest, earlier.pass?.admittedAtMs ?? -Infinity);
    }
    step = Math.max(step, latest - (later.pass?.admittedAtMs ?? Infinity));
  }
  return step;
}
