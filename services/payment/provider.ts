/** The port to a payment provider: what this service asks of the outside world, and what it may hear. */

/** A charge: at most one per key is ever captured, however often it is asked for. */
export interface ChargeRequest {
  /** Idempotency key, `charge-<sagaId>`. */
  readonly key: string;
  /** Whole cents. */
  readonly amountCents: number;
  readonly sagaId: string;
  readonly reservationId: number;
}

export interface RefundRequest {
  /** Idempotency key, `refund-<sagaId>`. */
  readonly key: string;
  /** The key of the captured charge whose money goes back. */
  readonly chargeKey: string;
  /** Whole cents. */
  readonly amountCents: number;
}

export interface Captured {
  readonly result: "captured";
  readonly transactionId: string;
  /** The instant by the provider's clock, as its statement has it. */
  readonly at: string;
}

export interface Declined {
  readonly result: "declined";
  readonly reason: string;
}

/** The provider has the request and has not decided yet. */
export interface Pending {
  readonly result: "pending";
}

/** declined: no money moves under this key, now or ever. */
export type ChargeAnswer = Captured | Declined | Pending;

/**
 * voided: it was forbidden before it
 * was captured. absent: never heard of it; a request still on its way may arrive later.
 */
export type FindAnswer =
  | ChargeAnswer
  | { readonly result: "voided" }
  | { readonly result: "absent" };

/** forbidden: no money moves under this key, now or ever. captured: too late, it has moved. */
export type ForbidAnswer = Captured | { readonly result: "forbidden" };

/** refused: the provider knows of no captured charge with that key. */
export type RefundAnswer =
  | Pending
  | { readonly result: "refunded"; readonly refundId: string }
  | { readonly result: "refused"; readonly reason: string };

/** Instants by the provider's clock, whole seconds: from `since`, before `until`. */
export interface Period {
  readonly since: string;
  readonly until: string;
}

/** A captured charge in the provider's statement, with what has been given back of it until now. */
export interface StatementEntry {
  /** As in {@link Captured}. */
  readonly transactionId: string;
  /** Null where the provider was told of none: not a charge of ours, or not made by this service. */
  readonly sagaId: string | null;
  readonly amountCents: number;
  readonly refundedCents: number;
  /** Three letters, lower case. */
  readonly currency: string;
  readonly at: string;
}

/**
 * Every call may be repeated: the same key again gives the first answer. A call that throws, or
 * that the signal ends, has an UNKNOWN outcome: the provider may have acted or may still act.
 */
export interface PaymentProvider {
  /** All charges are in this one: three letters, lower case. */
  readonly currency: string;
  charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeAnswer>;
  refund(request: RefundRequest, signal: AbortSignal): Promise<RefundAnswer>;
  /** What became of the charge with this key. */
  find(key: string, signal: AbortSignal): Promise<FindAnswer>;
  /** From now on a charge with this key is declined, also one that is still on its way. */
  forbid(key: string, signal: AbortSignal): Promise<ForbidAnswer>;
  /** Every charge captured in the period, page by page, in the provider's order. */
  statement(period: Period, signal: AbortSignal): AsyncIterable<readonly StatementEntry[]>;
}
