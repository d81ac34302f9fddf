/** The course of a run on the tester's clock: where the clients were, what they asked, how long it took. */
import type { History, Op } from "../judge/history.ts";
import { cumulated } from "./series.ts";

/** Where the clients were at the beginning of each step; the groups sum up to the crowd. */
export interface CrowdSeries {
  readonly stepSeconds: number;
  readonly groups: Readonly<Record<CrowdGroup, readonly number[]>>;
}

/**
 * away: nothing heard of it yet. inLine: joined. withPass: saw its pass. booked: a reservation was
 * accepted. confirmed and cancelled: how the booking ended. gone: left without one.
 */
export const CROWD_GROUPS = [
  "away",
  "inLine",
  "withPass",
  "booked",
  "confirmed",
  "cancelled",
  "gone",
] as const;

export type CrowdGroup = (typeof CROWD_GROUPS)[number];

/** Counts in each step, by when a request was sent; in flight: the most at one time in the step. */
export interface TrafficSeries {
  readonly stepSeconds: number;
  readonly sent: readonly number[];
  readonly refused: readonly number[];
  readonly unheard: readonly number[];
  readonly inFlight: readonly number[];
}

/** Milliseconds; null where a step has no request. The worst of each step is kept. */
export interface SpreadSeries {
  readonly stepSeconds: number;
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly max: readonly (number | null)[];
}

export interface Course {
  readonly crowd: CrowdSeries;
  readonly traffic: TrafficSeries;
  /** From the intended start, by the step in which that was. */
  readonly latency: readonly (SpreadSeries & { readonly op: string })[];
  /** On the wire minus intended: the tester's lateness and the wait for a free connection. */
  readonly onTheWire: SpreadSeries;
}

/** No series has more steps than this, so a report's size does not grow with the run. */
export const MAX_COURSE_STEPS = 600;
const SHORTEST_FRAME_MS = 100;

/** n·log n in the number of operations. */
export function courseOf(history: History, durationMs: number): Course {
  const stepSeconds = Math.max(1, Math.ceil(durationMs / 1000 / MAX_COURSE_STEPS));
  const kinds = [...new Set(history.ops.map((op) => op.op))];
  // What the end of the run cut short has a length that says nothing.
  const timed = history.ops.filter((op) => op.code !== "RUN_ENDED");
  const steps = stepCount(durationMs, stepSeconds);
  const spread = (ops: readonly Op[], of: (op: Op) => number) =>
    spreadOf(ops, of, stepSeconds, steps);
  return {
    crowd: crowdSeries(history, durationMs),
    traffic: trafficSeries(history.ops, stepSeconds, steps),
    latency: kinds.map((op) => ({
      op,
      ...spread(
        timed.filter((one) => one.op === op),
        (one) => one.endedMs - one.intendedMs,
      ),
    })),
    onTheWire: spread(timed, (one) => one.invokedMs - one.intendedMs),
  };
}

function stepCount(durationMs: number, stepSeconds: number): number {
  return Math.floor(durationMs / 1000 / stepSeconds) + 1;
}

function trafficSeries(ops: readonly Op[], stepSeconds: number, steps: number): TrafficSeries {
  const zeros = () => new Array<number>(steps).fill(0);
  const [sent, refused, unheard] = [zeros(), zeros(), zeros()];
  const stepOf = (ms: number) => Math.min(steps - 1, Math.floor(ms / 1000 / stepSeconds));
  for (const op of ops) {
    const step = stepOf(op.invokedMs);
    sent[step]! += 1;
    if (op.outcome === "fail") refused[step]! += 1;
    if (op.outcome === "unknown") unheard[step]! += 1;
  }
  return { stepSeconds, sent, refused, unheard, inFlight: mostInFlight(ops, stepOf, steps) };
}

/** A sweep over beginnings and ends; an end and a beginning at one instant do not overlap. */
function mostInFlight(
  ops: readonly Op[],
  stepOf: (ms: number) => number,
  steps: number,
): readonly number[] {
  const begins = Float64Array.from(ops, (op) => op.invokedMs).sort();
  const ends = Float64Array.from(ops, (op) => op.endedMs).sort();
  const most = new Array<number>(steps).fill(0);
  let begun = 0;
  let ended = 0;
  let step = 0;
  while (ended < ends.length) {
    const isEnd = begun === begins.length || ends[ended]! <= begins[begun]!;
    const now = stepOf(isEnd ? ends[ended]! : begins[begun]!);
    // What is still open is open in the next step too.
    while (step < now) most[++step] = begun - ended;
    if (isEnd) ended += 1;
    else begun += 1;
    most[step] = Math.max(most[step]!, begun - ended);
  }
  return most;
}

function spreadOf(
  ops: readonly Op[],
  of: (op: Op) => number,
  stepSeconds: number,
  steps: number,
): SpreadSeries {
  const byStep: number[][] = Array.from({ length: steps }, () => []);
  for (const op of ops) {
    const step = Math.floor(op.intendedMs / 1000 / stepSeconds);
    byStep[Math.min(steps - 1, Math.max(0, step))]!.push(of(op));
  }
  const sorted = byStep.map((values) => Float64Array.from(values).sort());
  const line = (share: number) => sorted.map((values) => rounded(quantile(values, share)));
  return { stepSeconds, p50: line(0.5), p99: line(0.99), max: line(1) };
}

function quantile(sorted: Float64Array, share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000;
}

/** Whatever else is on record was not sent by somebody who wants a seat. */
const OF_THE_CROWD = new Set<string>(["join", "poll", "leave", "reserve", "follow", "cancel"]);

/** Each client's last known place, from its own answers. */
function crowdSeries(history: History, durationMs: number): CrowdSeries {
  const stepMs =
    Math.ceil(Math.max(1, durationMs) / MAX_COURSE_STEPS / SHORTEST_FRAME_MS) * SHORTEST_FRAME_MS;
  const steps = Math.floor(durationMs / stepMs) + 1;
  const changes = Object.fromEntries(
    CROWD_GROUPS.map((group) => [group, new Array<number>(steps).fill(0)]),
  ) as Record<CrowdGroup, number[]>;
  const at = new Map<number, CrowdGroup>();
  const move = (client: number, to: CrowdGroup, atMs: number): void => {
    const from = at.get(client) ?? "away";
    if (from === to) return;
    at.set(client, to);
    const step = Math.min(steps - 1, Math.ceil(atMs / stepMs));
    changes[from][step]! -= 1;
    changes[to][step]! += 1;
  };
  const ops = history.ops.filter((op) => OF_THE_CROWD.has(op.op));
  const lastOf = new Map<number, Op>();
  for (const op of ops) lastOf.set(op.client, op);
  const clients = Math.max(history.run.settings.clients, lastOf.size);
  changes.away[0]! += clients;
  for (const op of ops) {
    const to = placeAfter(op, at.get(op.client) ?? "away");
    if (to !== undefined) move(op.client, to, op.endedMs);
    const now = at.get(op.client);
    if (lastOf.get(op.client) === op && now !== "confirmed" && now !== "cancelled") {
      // Cut short by the end of the run, it still stands where it stood.
      if (op.code !== "RUN_ENDED" && now !== "booked") move(op.client, "gone", op.endedMs);
    }
  }
  const groups = Object.fromEntries(
    CROWD_GROUPS.map((group) => [group, cumulated(changes[group])]),
  ) as unknown as CrowdSeries["groups"];
  return { stepSeconds: stepMs / 1000, groups };
}

/** Where an answer puts a client that was at `now`; undefined: it says nothing new. */
function placeAfter(op: Op, now: CrowdGroup): CrowdGroup | undefined {
  if (op.outcome !== "ok" || now === "confirmed") return undefined;
  switch (op.op) {
    case "join":
      return now === "withPass" || now === "booked" ? undefined : "inLine";
    case "poll":
      if (op.pass !== undefined) return now === "booked" ? undefined : "withPass";
      return now === "away" ? "inLine" : undefined;
    case "leave":
      return now === "booked" ? undefined : "gone";
    case "reserve":
      return "booked";
    case "follow":
    case "cancel":
      if (op.reservationStatus === "CONFIRMED") return "confirmed";
      return op.reservationStatus === "CANCELLED" ? "cancelled" : undefined;
    default:
      return undefined;
  }
}
