/** What Stripe's objects and errors mean: pure, because each of them decides about money. */
import { Stripe } from "stripe";
import type { Captured, Declined, Pending, StatementEntry } from "../provider.ts";

/**
 * unconfirmed: nothing was tried, a confirmation may be on its way. attempted: the card was tried
 * in vain, and nothing but another payment method could bring the intent further. declined and
 * voided: cancelled by us after such an attempt, or before one: an end, as captured is one.
 */
export type IntentState =
  | Captured
  | Pending
  | Declined
  | { readonly result: "unconfirmed" }
  | { readonly result: "voided" }
  | { readonly result: "attempted"; readonly reason: string };

/** We cancel an intent as abandoned after a decline, and as requested where it was forbidden. */
export const AFTER_DECLINE = "abandoned";
export const FORBIDDEN = "requested_by_customer";

/** @throws Error for a captured intent that came without its charge */
export function intentState(intent: Stripe.PaymentIntent): IntentState {
  switch (intent.status) {
    case "succeeded":
      return { result: "captured", transactionId: intent.id, at: capturedAt(intent) };
    case "canceled":
      return intent.cancellation_reason === AFTER_DECLINE
        ? { result: "declined", reason: declineReason(intent) }
        : { result: "voided" };
    case "requires_confirmation":
      return { result: "unconfirmed" };
    // Nobody is there to act: the customer is not in the session.
    case "requires_action":
    case "requires_payment_method":
      return { result: "attempted", reason: declineReason(intent) };
    default:
      // "processing", and whatever later versions add: not an end.
      return { result: "pending" };
  }
}

function capturedAt(intent: Stripe.PaymentIntent): string {
  const charge = intent.latest_charge;
  if (charge === null || typeof charge === "string") {
    throw new Error(`${intent.id} has succeeded and came without its charge`);
  }
  return instantOf(charge.created);
}

function declineReason(intent: Stripe.PaymentIntent): string {
  if (intent.status === "requires_action") return "the card asks for authentication";
  return reasonOf(intent.last_payment_error ?? undefined);
}

/** "Your card has insufficient funds. (insufficient_funds)" */
function reasonOf(
  error: { readonly message?: string; readonly code?: string; readonly decline_code?: string } = {},
): string {
  const code = error.decline_code ?? error.code;
  const message = error.message || "the card was declined";
  return code ? `${message} (${code})` : message;
}

/**
 * Why Stripe will never make such an intent: the amount is out of its bounds, or the card is
 * refused. Undefined for an error that says nothing about the charge: its outcome is unknown.
 */
export function refusalOf(error: unknown): string | undefined {
  if (error instanceof Stripe.errors.StripeCardError) return reasonOf(error);
  const final = ["amount_too_small", "amount_too_large"];
  if (
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    final.includes(error.code ?? "")
  ) {
    return reasonOf(error);
  }
  return undefined;
}

/** Stripe has answered: the intent is in a state in which this cannot be done. Ask for the state. */
export function isStateConflict(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeCardError ||
    (error instanceof Stripe.errors.StripeInvalidRequestError &&
      error.code === "payment_intent_unexpected_state")
  );
}

export function isRefundedAlready(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    error.code === "charge_already_refunded"
  );
}

/** Stripe repeats under a key what it answered first, for a day, also that it was out of order. */
export function isOldFailure(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeAPIError &&
    (error.statusCode ?? 0) >= 500 &&
    error.headers?.["idempotent-replayed"] === "true"
  );
}

/** What of a charge has come back, is on its way back, and how many refunds were tried. */
export interface RefundSum {
  readonly doneCents: number;
  readonly pendingCents: number;
  readonly firstDone: string | undefined;
  readonly tried: number;
}

export function sumRefunds(refunds: readonly Stripe.Refund[]): RefundSum {
  const done = refunds.filter((one) => one.status === "succeeded");
  const pending = refunds.filter(
    (one) => one.status === "pending" || one.status === "requires_action",
  );
  const cents = (some: readonly Stripe.Refund[]) => some.reduce((sum, one) => sum + one.amount, 0);
  return {
    doneCents: cents(done),
    pendingCents: cents(pending),
    firstDone: done.at(-1)?.id,
    tried: refunds.length,
  };
}

/** Undefined for an attempt that moved no money. */
export function statementEntry(charge: Stripe.Charge): StatementEntry | undefined {
  if (charge.status !== "succeeded" || !charge.captured) return undefined;
  const { payment_intent: intent } = charge;
  return {
    transactionId: (typeof intent === "string" ? intent : intent?.id) ?? charge.id,
    sagaId: charge.metadata.sagaId ?? null,
    amountCents: charge.amount_captured,
    refundedCents: charge.amount_refunded,
    currency: charge.currency,
    at: instantOf(charge.created),
  };
}

const instantOf = (seconds: number): string => new Date(seconds * 1_000).toISOString();
