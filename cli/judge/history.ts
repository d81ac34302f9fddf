/**
 * The record of a run: what the clients saw (history.ndjson) and what the services say they did
 * (ledger.json). The engine writes these types, the judges read them, and nothing else counts as
 * evidence. One JSON document a line in history.ndjson: first a `run`, then the rest in the order
 * in which operations ended, an `end` last.
 *
 * Clocks: every `…Ms` here is the tester's monotonic clock, in milliseconds since the run began,
 * with fractions. Every `…At` is an ISO-8601 instant of a *server's* clock. The two are never
 * compared with each other (a judge that did would accuse on clock skew).
 *
 * Money is in whole cents: integers compare exactly.
 */
import type { StockLine } from "./ledger.ts";
import type { Op } from "./operations.ts";
import type { WorkerClock } from "./worker-clocks.ts";

export type * from "./ledger.ts";
export type * from "./operations.ts";

export const HISTORY_VERSION = 1;

/** How the tester's clients were told to behave, and the sale as it was when the run began. */
export interface RunHeader {
  readonly kind: "run";
  readonly version: typeof HISTORY_VERSION;
  readonly runId: string;
  /** The tester's wall clock, for people; no judge reads it. */
  readonly startedAt: string;
  readonly seed: number;
  readonly settings: RunSettings;
  readonly sale: SaleFacts;
  /** How well the clocks of workers on other machines are known; absent with one clock for all. */
  readonly clocks?: readonly WorkerClock[];
}

export interface RunSettings {
  readonly clients: number;
  readonly arrivals: "burst" | "ramp" | "poisson" | "replay";
  readonly arrivalSeconds: number;
  readonly quantity: number;
  readonly absentPercent: number;
  readonly attackersPercent: number;
  readonly paymentFailurePercent: number;
  /** What honest clients are given to; nothing but a few double clicks where it is left out. */
  readonly habits?: HabitShares;
  /** Processes that drove the clients; 1 where it is left out. */
  readonly workers?: number;
  /** own: a socket for each client and origin. Where it is left out: shared. */
  readonly sockets?: "shared" | "own";
  /** The target gives silent payments up by then; absent: after the usual minute. */
  readonly settleWithinSeconds?: number;
  /** Base URLs of the services under test. */
  readonly target: Readonly<Record<string, string>>;
  /** What the target does not show; absent for ReserveX itself, which shows everything. */
  readonly hidden?: readonly Hidden[];
}

export interface HabitShares {
  /** Leave the line after `patienceSeconds` of waiting. */
  readonly impatientPercent: number;
  readonly patienceSeconds: number;
  /** Send a join and a purchase twice at once. */
  readonly doubleClickPercent: number;
  /** Send an accepted purchase once more with its key, as if they had not heard. */
  readonly retryingPercent: number;
  /** Cancel what was confirmed, with two clicks; none where it is left out. */
  readonly regrettingPercent?: number;
  /** Let their pass run out before they buy; none where it is left out. */
  readonly dawdlingPercent?: number;
}

/**
 * passTimes: passes come without an end. payments: nobody's books of money can be read. sagas: nor
 * those of bookings under way. keys: a purchase sent twice is not known to be one.
 */
export type Hidden = "passTimes" | "payments" | "sagas" | "keys";

/** What the target promised for this sale. */
export interface SaleFacts {
  readonly eventId: number;
  readonly permitsPerMinute: number;
  readonly pacing: "smooth" | "burst";
  readonly passTtlSeconds: number;
  readonly products: readonly ProductFacts[];
}

export interface ProductFacts {
  readonly id: number;
  readonly name: string;
  readonly priceCents: number;
  readonly totalStock: number;
  readonly maxPerUser: number;
}

/** Stock as one statement of the ticket service saw it, read while the run went on. */
export interface StockSample {
  readonly kind: "stock";
  readonly atMs: number;
  readonly products: readonly StockLine[];
}

/** Stock as another system shows it to anybody: nothing says what is held of it. */
export interface ShownStock {
  readonly kind: "shown";
  readonly atMs: number;
  readonly products: readonly { readonly id: number; readonly availableStock: number }[];
}

/** Something people should see on the time line: a fault, a changed setting. */
export interface Note {
  readonly kind: "note";
  readonly atMs: number;
  readonly text: string;
  /** The target's admission limit was changed to this. */
  readonly permitsPerMinute?: number;
}

/** What was done to the target on purpose; on the time line it stands as a note too. */
export interface Fault {
  readonly kind: "fault";
  /** When it began. */
  readonly atMs: number;
  /** One word: kill, pause, server, cut, delay, flush, payments. */
  readonly what: string;
  /** To whom: a process, a server, a wire. */
  readonly target: string;
  /** One line for people. */
  readonly text: string;
}

/** The last line. A history without it was cut off: its judges say `unknown` where that matters. */
export interface RunEnd {
  readonly kind: "end";
  readonly atMs: number;
  /** everyone-done: each client reached its end. interrupted: a person stopped it. */
  readonly reason: "everyone-done" | "time-limit" | "interrupted";
  readonly tester: TesterHealth;
}

/** Whether the tester kept its own promises; a run it could not drive is invalid, not slow. */
export interface TesterHealth {
  /**
   * Handed to the connections minus intended, of every request. The wait for a free connection is
   * not in it, because a slow target fills the connections just as too few of them do; it is part
   * of every latency, which counts from the intended moment.
   */
  readonly sendLagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly eventLoopLagMs: { readonly p99: number; readonly max: number };
  /** Arrivals that could not be started at all. */
  readonly droppedArrivals: number;
  /** With several worker processes: the 99th percentile of each, for one may lag in the crowd. */
  readonly workerSendLagP99Ms?: readonly number[];
  /** Workers whose record is not all here, each with why: their clients are not in it. */
  readonly lostWorkers?: readonly string[];
}

export type HistoryLine = RunHeader | Op | StockSample | ShownStock | Note | Fault | RunEnd;

/** A whole recorded run, as judges take it. */
export interface History {
  readonly run: RunHeader;
  readonly ops: readonly Op[];
  readonly stock: readonly StockSample[];
  /** Absent where nobody had to be content with that. */
  readonly shown?: readonly ShownStock[];
  /** Each fault is among them. */
  readonly notes: readonly Note[];
  readonly faults?: readonly Fault[];
  /** Absent when the recording was cut off. */
  readonly end?: RunEnd;
}
