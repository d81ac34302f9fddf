/** What clients and the prober did, one operation after the other, and what each was answered. */

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
export type Habit = "impatient" | "double-click" | "retry" | "regret";

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
 * Those of `passes` are judged with the passes of the crowd: an unspent pass must be served there.
 */
export interface ProbeOp extends OpBase {
  readonly op: "probe";
  readonly promise: "input" | "access" | "passes";
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

export type ReservationStatus = "PENDING" | "PAYMENT_PENDING" | "CONFIRMED" | "CANCELLED";
