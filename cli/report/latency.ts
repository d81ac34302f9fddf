/** Latency percentiles per operation, from the intended start, so that no stall hides itself. */
import type { Op } from "../judge/history.ts";

/** Milliseconds; exact, for the record holds every single one. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** From the instant at which the plan wanted the request sent to its last byte. */
export interface LatencyRow extends Quantiles {
  readonly op: string;
  readonly count: number;
  /**
   * From the instant at which it really was sent: what a tester that waits for one answer before
   * it asks again would report. Far below the others, the target stalled, or the tester did.
   */
  readonly raw: Quantiles;
}

interface Times {
  readonly corrected: number[];
  readonly raw: number[];
}

/**
 * One row per kind of operation. Requests that timed out count with the time they were given;
 * those the end of the run cut short do not count, for their length says nothing.
 */
export function latencyOf(ops: readonly Op[]): LatencyRow[] {
  const byOp = new Map<string, Times>();
  for (const op of ops) {
    if (op.code === "RUN_ENDED") continue;
    let times = byOp.get(op.op);
    if (times === undefined) {
      times = { corrected: [], raw: [] };
      byOp.set(op.op, times);
    }
    times.corrected.push(op.endedMs - op.intendedMs);
    times.raw.push(op.endedMs - op.invokedMs);
  }
  return [...byOp].map(([op, { corrected, raw }]) => {
    return { op, count: corrected.length, ...quantilesOf(corrected), raw: quantilesOf(raw) };
  });
}

function quantilesOf(times: readonly number[]): Quantiles {
  const sorted = Float64Array.from(times).sort();
  return {
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
    max: quantile(sorted, 1),
  };
}

/** The smallest value that at least this share of all values does not exceed. */
function quantile(sorted: Float64Array, share: number): number {
  const index = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[index] ?? 0;
}
