/** When each client arrives: pure, from the plan's shape and the seed. */
import type { RunSettings } from "../judge/history.ts";
import { MAX_SEND_LAG_P99_MS } from "../judge/judge.ts";
import { streamOf, unit } from "./rng.ts";

export interface ArrivalPlan {
  readonly seed: number;
  readonly clients: number;
  readonly arrivals: RunSettings["arrivals"];
  /** Ignored by a burst and a replay. */
  readonly arrivalSeconds: number;
  /** For a replay, in milliseconds; one for each client at least. */
  readonly offsetsMs?: readonly number[] | undefined;
}

/** A burst is over in this time: what a crowd's fingers need when the page says "go". */
export const BURST_MS = 200;

/**
 * The arrival of each client, by its number, in milliseconds since the run began.
 *
 * - burst: each at a time of its own, drawn evenly from the first {@link BURST_MS}.
 * - ramp: evenly spaced over `arrivalSeconds`, client 0 at once.
 * - poisson: exponential gaps with the mean rate clients / arrivalSeconds; the last one comes at
 *   about `arrivalSeconds`, seldom exactly then.
 * - replay: as they were recorded.
 */
export function arrivalTimes(plan: ArrivalPlan): Float64Array {
  const times = new Float64Array(plan.clients);
  const spanMs = plan.arrivalSeconds * 1_000;
  switch (plan.arrivals) {
    case "burst":
      for (let i = 0; i < plan.clients; i += 1) {
        times[i] = unit(streamOf(plan.seed, "arrivals", i)) * BURST_MS;
      }
      return times;
    case "ramp":
      for (let i = 0; i < plan.clients; i += 1) times[i] = (i * spanMs) / plan.clients;
      return times;
    case "replay":
      for (let i = 0; i < plan.clients; i += 1) times[i] = plan.offsetsMs?.[i] ?? 0;
      return times;
    case "poisson": {
      const meanGapMs = spanMs / plan.clients;
      let at = 0;
      for (let i = 0; i < plan.clients; i += 1) {
        at += -Math.log(1 - unit(streamOf(plan.seed, "arrivals", i))) * meanGapMs;
        times[i] = at;
      }
      return times;
    }
  }
}

/**
 * Arrivals that never came about, when a run ends at `atMs`. One that was due so shortly before that
 * it would not yet have been late (the judge's own bound) was prevented by the end, not by the tester.
 */
export function countDropped(
  arrivalsMs: Float64Array,
  atMs: number,
  neverBegan: (client: number) => boolean,
): number {
  const lateSinceMs = atMs - MAX_SEND_LAG_P99_MS;
  let dropped = 0;
  for (let client = 0; client < arrivalsMs.length; client += 1) {
    if (arrivalsMs[client]! < lateSinceMs && neverBegan(client)) dropped += 1;
  }
  return dropped;
}
