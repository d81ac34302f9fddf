/** Time series of a run, in steps of a whole number of seconds. */
import { WINDOW_MS } from "../judge/admissions.ts";
import type { History } from "../judge/history.ts";
import { stintsOf } from "../judge/line.ts";

/** `values[i]` belongs to the step that begins at i × stepSeconds. */
export interface Series {
  readonly stepSeconds: number;
  readonly values: readonly number[];
}

/** Cumulative counts, each by the end of its step. */
export interface BookingSeries {
  readonly stepSeconds: number;
  readonly accepted: readonly number[];
  readonly confirmed: readonly number[];
  readonly cancelled: readonly number[];
}

/** A series has no more steps than this; longer runs get longer steps. */
const MAX_STEPS = 3600;

function stepFor(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs / 1000 / MAX_STEPS));
}

/** How many of the instants (ms from 0) fall into each step. */
export function perStep(instantsMs: readonly number[], durationMs = lastOf(instantsMs)): Series {
  const stepSeconds = stepFor(durationMs);
  const values = zeros(durationMs, stepSeconds);
  for (const ms of instantsMs) {
    const step = Math.min(values.length - 1, Math.max(0, Math.floor(ms / 1000 / stepSeconds)));
    values[step] = (values[step] ?? 0) + 1;
  }
  return { stepSeconds, values };
}

/**
 * The fullest window of 60 s (its end excluded) among those that end in each step. Instants ascend,
 * in ms from 0. Peaks between two steps are not lost: each admission ends a window of its own.
 */
export function windowPeaks(instantsMs: readonly number[]): Series {
  const lastMs = lastOf(instantsMs);
  const stepSeconds = stepFor(lastMs);
  const values = zeros(lastMs, stepSeconds);
  let first = 0;
  let next = 0;
  for (let step = 0; step < values.length; step += 1) {
    const fromMs = step * stepSeconds * 1000;
    while (first < next && fromMs - instantsMs[first]! >= WINDOW_MS) first += 1;
    let most = next - first;
    for (; next < instantsMs.length; next += 1) {
      const atMs = instantsMs[next]!;
      if (atMs >= fromMs + stepSeconds * 1000) break;
      while (atMs - instantsMs[first]! >= WINDOW_MS) first += 1;
      most = Math.max(most, next - first + 1);
    }
    values[step] = most;
  }
  return { stepSeconds, values };
}

/**
 * Clients in line at the end of each step: from the answer to their join to their pass, their
 * leave, or when a silent one is given up as absent.
 */
export function lineLength(history: History, durationMs: number): Series {
  const stepSeconds = stepFor(durationMs);
  const changes = zeros(durationMs, stepSeconds);
  const stepOf = (ms: number) => Math.floor(ms / 1000 / stepSeconds);
  for (const stint of stintsOf(history)) {
    const from = stepOf(stint.joinedByMs);
    const to = stepOf(stint.issuedToMs);
    if (from < changes.length) changes[from] = (changes[from] ?? 0) + 1;
    if (from < changes.length && to < changes.length) changes[to] = (changes[to] ?? 0) - 1;
  }
  return { stepSeconds, values: cumulated(changes) };
}

/** What clients heard of their purchases; each reservation counts once in each line. */
export function bookingSeries(history: History, durationMs: number): BookingSeries {
  const accepted = new Map<number, number>();
  const confirmed = new Map<number, number>();
  const cancelled = new Map<number, number>();
  for (const op of history.ops) {
    if (op.outcome !== "ok") continue;
    if (op.op === "reserve" && op.reservationId !== undefined) {
      note(accepted, op.reservationId, op.endedMs);
    } else if (op.op === "follow" || op.op === "cancel") {
      if (op.reservationStatus === "CONFIRMED") note(confirmed, op.reservationId, op.endedMs);
      if (op.reservationStatus === "CANCELLED") note(cancelled, op.reservationId, op.endedMs);
    }
  }
  const line = (at: Map<number, number>) => cumulated(perStep([...at.values()], durationMs).values);
  return {
    stepSeconds: stepFor(durationMs),
    accepted: line(accepted),
    confirmed: line(confirmed),
    cancelled: line(cancelled),
  };
}

/** Running sums. */
export function cumulated(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

function note(first: Map<number, number>, id: number, atMs: number): void {
  first.set(id, Math.min(first.get(id) ?? Infinity, atMs));
}

function zeros(durationMs: number, stepSeconds: number): number[] {
  return new Array<number>(Math.floor(durationMs / 1000 / stepSeconds) + 1).fill(0);
}

function lastOf(instantsMs: readonly number[]): number {
  return instantsMs.reduce((last, ms) => Math.max(last, ms), 0);
}
