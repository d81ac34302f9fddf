/** Latency percentiles per operation, from the intended start, so that no stall hides itself. */
import type { Op } from "../judge/history.ts";

/** Milliseconds from the instant at which the plan wanted the request sent to its last byte. */
export interface LatencyRow {
  readonly op: string;
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/**
 * One row per kind of operation. Requests that timed out count with the time they were given;
 * those the end of the run cut short do not count, for their length says nothing.
 */
export function latencyOf(ops: readonly Op[]): LatencyRow[] {
  const times = new Map<string, number[]>();
  for (const op of ops) {
    if (op.code === "RUN_ENDED") continue;
    const known = times.get(op.op);
    if (known) known.push(op.endedMs - op.intendedMs);
    else times.set(op.op, [op.endedMs - op.intendedMs]);
  }
  return [...times].map(([op, list]) => {
    const sorted = Float64Array.from(list).sort();
    return {
      op,
      count: sorted.length,
      p50: quantile(sorted, 0.5),
      p90: quantile(sorted, 0.9),
      p99: quantile(sorted, 0.99),
      p999: quantile(sorted, 0.999),
      max: quantile(sorted, 1),
    };
  });
}

/** The smallest value that at least this share of all values does not exceed. */
function quantile(sorted: Float64Array, share: number): number {
  const index = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[index] ?? 0;
}
