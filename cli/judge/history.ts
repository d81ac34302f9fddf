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
import type { WorkerClock } from "./worker-clocks.ts";

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

/**
 * ok: the server said yes. fail: the server said no, so nothing happened (`code` says why).
 * unknown: no answer, a 5xx, a cut connection, or the run ended first: it may have happened or not.
 */
export type Outcome = "ok" | "fail" | "unknown";

/** What an attacker tried, on an operation that an honest client would not send. */
export type Attack =
  | "no-pass"
  | "forged-pass"
  | "foreign-pass"
  | "spent-pass"
  /** Polls many times a second, whatever the queue advises. */
  | "poll-flood"
  /** Joins with several accounts at the same instant. */
  | "many-accounts";

/** Why an honest client sent what most would not. */
export type Habit = "impatient" | "double-click" | "retry";

interface OpBase {
  readonly kind: "op";
  /** Unique in the run, ascending in the order of invocation. */
  readonly id: number;
  /** Number of the virtual client, from 0. */
  readonly client: number;
  /** When the arrival plan or the think time wanted it sent. */
  readonly intendedMs: number;
  /** When it was sent. */
  readonly invokedMs: number;
  /** When its answer was complete; for `unknown`, when the tester gave up. */
  readonly endedMs: number;
  readonly outcome: Outcome;
  /** HTTP status; absent when there was no answer. */
  readonly status?: number;
  /** The problem's `code`, or a word of the tester's: TIMEOUT, CONNECTION, RUN_ENDED. */
  readonly code?: string;
  readonly attack?: Attack;
  readonly habit?: Habit;
}

/** POST /queue/{eventId}/enqueue. */
export interface JoinOp extends OpBase {
  readonly op: "join";
  /** On ok: */
  readonly position?: number;
  readonly pollAfterSeconds?: number;
}

/** GET /queue/{eventId}/status. */
export interface PollOp extends OpBase {
  readonly op: "poll";
  /** On ok: */
  readonly position?: number;
  readonly pollAfterSeconds?: number;
  /** On ok with a pass ready: the token, and its end by the queue's clock. */
  readonly pass?: string;
  readonly passExpiresAt?: string;
}

/** DELETE /queue/{eventId}. */
export interface LeaveOp extends OpBase {
  readonly op: "leave";
}

/** POST /api/reservations. */
export interface ReserveOp extends OpBase {
  readonly op: "reserve";
  /** The pass presented, if any. */
  readonly pass?: string;
  /** Idempotency-Key: several operations with one key are one purchase. */
  readonly key: string;
  readonly productId: number;
  readonly quantity: number;
  /** On ok: */
  readonly reservationId?: number;
  readonly sagaId?: string;
}

/** GET /api/reservations/{id} (following a booking) and PUT …/cancel. */
export interface FollowOp extends OpBase {
  readonly op: "follow" | "cancel";
  readonly reservationId: number;
  /** On ok: */
  readonly reservationStatus?: ReservationStatus;
}

/**
 * A request of the prober's, on a sale of its own that no other judge looks at: what a sound shop
 * refuses, and between them the honest requests that show that it does not refuse everything.
 */
export interface ProbeOp extends OpBase {
  readonly op: "probe";
  readonly promise: "input" | "access";
  /** In words that follow "sent": "a purchase of -1 pieces". */
  readonly tried: string;
  /** refused: with a 4xx. served: an honest request. */
  readonly expected: "refused" | "served";
  /** Answers to all probes of one name must be the same, word for word. */
  readonly alike?: string;
  /** What the answer said, as far as probes are compared by it. */
  readonly said?: string;
  /** Probes of one name are compared by their time: what was tried must not show in it. */
  readonly pace?: string;
}

export type Op = JoinOp | PollOp | LeaveOp | ReserveOp | FollowOp | ProbeOp;

/** Stock as one statement of the ticket service saw it, read while the run went on. */
export interface StockSample {
  readonly kind: "stock";
  readonly atMs: number;
  readonly products: readonly StockLine[];
}

export interface StockLine {
  readonly id: number;
  readonly totalStock: number;
  readonly availableStock: number;
  /** Σ quantity of PENDING, PAYMENT_PENDING and CONFIRMED reservations, in the same snapshot. */
  readonly held: number;
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

export type ReservationStatus = "PENDING" | "PAYMENT_PENDING" | "CONFIRMED" | "CANCELLED";
export type PaymentStatus = "PENDING" | "PROCESSING" | "COMPLETED" | "FAILED" | "REFUNDED";

/** What the services' books say once the run is over; read from their administrators' routes. */
export interface Ledger {
  /** The tester's wall clock, for people. */
  readonly readAt: string;
  /**
   * True when every saga had ended before the books were read. False: the tester waited as long
   * as it was told to and some were still open (named by judges as a liveness matter).
   */
  readonly settled: boolean;
  /** How long the tester waited for that, in seconds. */
  readonly settleSeconds: number;
  readonly products: readonly StockLine[];
  readonly reservations: readonly LedgerReservation[];
  readonly payments: readonly LedgerPayment[];
  /** The payment provider's own statement: what really moved, whatever our payments say. */
  readonly provider: readonly ProviderEntry[];
  readonly sagas: readonly LedgerSaga[];
}

export interface LedgerReservation {
  readonly id: number;
  readonly sagaId: string;
  readonly userId: number;
  readonly productId: number;
  readonly quantity: number;
  readonly totalPriceCents: number;
  readonly status: ReservationStatus;
  readonly createdAt: string;
}

export interface LedgerPayment {
  readonly id: string;
  readonly sagaId: string;
  readonly reservationId: number;
  readonly amountCents: number;
  readonly status: PaymentStatus;
}

export interface ProviderEntry {
  readonly type: "charge" | "refund";
  readonly sagaId: string;
  readonly amountCents: number;
  readonly at: string;
}

export interface LedgerSaga {
  readonly sagaId: string;
  readonly reservationId: number;
  /** COMPLETED and COMPENSATED are ends; anything else is still open. */
  readonly state: string;
}
