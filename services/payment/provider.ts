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
}

export interface Declined {
  readonly result: "declined";
  readonly reason: string;
}

export type ChargeAnswer = Captured | Declined;

/**
 * pending: the provider has the charge and has not decided yet. voided: it was forbidden before it
 * was captured. absent: never heard of it; a request still on its way may arrive later.
 */
export type FindAnswer =
  | ChargeAnswer
  | { readonly result: "pending" }
  | { readonly result: "voided" }
  | { readonly result: "absent" };

/** forbidden: no money moves under this key, now or ever. captured: too late, it has moved. */
export type ForbidAnswer = Captured | { readonly result: "forbidden" };

/** refused: the provider knows of no captured charge with that key. */
export type RefundAnswer =
  | { readonly result: "refunded"; readonly refundId: string }
  | { readonly result: "refused"; readonly reason: string };

/**
 * Every call may be repeated: the same key again gives the first answer. A call that throws, or
 * that the signal ends, has an UNKNOWN outcome: the provider may have acted or may still act.
 */
export interface PaymentProvider {
  charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeAnswer>;
  refund(request: RefundRequest, signal: AbortSignal): Promise<RefundAnswer>;
  /** What became of the charge with this key. */
  find(key: string, signal: AbortSignal): Promise<FindAnswer>;
  /** From now on a charge with this key is declined, also one that is still on its way. */
  forbid(key: string, signal: AbortSignal): Promise<ForbidAnswer>;
}
