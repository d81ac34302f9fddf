/**
 * Times of a run whose workers ran on several machines: each is known only as exactly as its
 * machine's clock was. Judges get intervals that are wider by that, so that no verdict leans on it.
 */
import type { History, Op } from "./history.ts";

/** How well the record's times of one worker are known. */
export interface WorkerClock {
  readonly worker: string;
  /** Each of its times is off by no more than this, either way. */
  readonly errorMs: number;
  /** How far its clock ran from the coordinator's during the run; already taken out. */
  readonly driftMs: number;
  /** Question and answer pairs that the two numbers rest on. */
  readonly exchanges: number;
}

/**
 * Above this the crowd was not the one that was planned: what should have come at one instant came
 * spread over as much. Half of a good connection's way around the world.
 */
export const MAX_CLOCK_ERROR_MS = 50;

/** The greatest error of any worker; 0 where one clock timed everything. */
export function clockErrorMs(history: History): number {
  return Math.max(0, ...(history.run.clocks ?? []).map(({ errorMs }) => errorMs));
}

/**
 * The same run as the judges of promises take it: each operation was invoked that much earlier and
 * ended that much later than recorded, samples and notes were taken that much earlier (what follows
 * from them then holds for less time). All by the greatest error, so that every order stands. With
 * one clock, the run itself.
 */
export function widened(history: History): History {
  const errorMs = clockErrorMs(history);
  if (errorMs === 0) return history;
  const earlier = <T extends { readonly atMs: number }>(one: T): T => {
    return { ...one, atMs: one.atMs - errorMs };
  };
  const wider = (op: Op): Op => {
    return { ...op, invokedMs: op.invokedMs - errorMs, endedMs: op.endedMs + errorMs };
  };
  return {
    ...history,
    ops: history.ops.map(wider),
    stock: history.stock.map(earlier),
    notes: history.notes.map(earlier),
  };
}

/** In words for the tester's verdict; undefined where one clock timed everything. */
export function clocksInWords(history: History): string | undefined {
  const clocks = history.run.clocks ?? [];
  if (clocks.length === 0) return undefined;
  return `the workers' clocks are known to ±${clockErrorMs(history).toFixed(2)} ms`;
}
