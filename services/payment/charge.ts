/** The rules of a payment: what an order means to it, what to ask the provider next, what an answer settles. */
import type { PaymentStatus } from "../common/contracts/payment.ts";
import type { FindAnswer, ForbidAnswer, RefundAnswer } from "./provider.ts";

/** What the rules look at. */
export interface Standing {
  readonly status: PaymentStatus;
  /** Somebody wants the saga's money to be net zero. */
  readonly refundOrdered: boolean;
}

export const CANCELLED_BEFORE_CHARGE = "cancelled before the charge";

/** `charge-<sagaId>`: a saga has one key, so at most one charge is ever captured for it. */
export const chargeKey = (sagaId: string): string => `charge-${sagaId}`;
/** Undefined for a key that is no saga's charge. */
export const sagaOfChargeKey = (key: string): string | undefined =>
  key.startsWith("charge-") ? key.slice("charge-".length) : undefined;
export const refundKey = (sagaId: string): string => `refund-${sagaId}`;

/**
 * What a ChargePayment means. open: write the payment, a worker charges it. repeat: say the outcome
 * again, because whoever asks again has not heard it. wait: it is being worked on.
 */
export type ChargeOrder = "open" | "repeat" | "wait";

export function onChargeOrdered(known: Standing | undefined): ChargeOrder {
  switch (known?.status) {
    case undefined:
      return "open";
    case "PENDING":
    case "PROCESSING":
      return "wait";
    case "COMPLETED":
    case "FAILED":
    case "REFUNDED":
      return "repeat";
  }
}

/**
 * What a RefundPayment means. entomb: write a payment that has failed, so that a charge ordered
 * later is refused. fail: the provider was never asked, so nobody needs to be. order: a worker
 * makes the money net zero. repeat and wait: as for a charge.
 */
export type RefundOrder = "entomb" | "fail" | "order" | "repeat" | "wait";

export function onRefundOrdered(known: Standing | undefined): RefundOrder {
  switch (known?.status) {
    case undefined:
      return "entomb";
    case "PENDING":
      return "fail";
    case "PROCESSING":
    case "COMPLETED":
      return known.refundOrdered ? "wait" : "order";
    case "FAILED":
    case "REFUNDED":
      return "repeat";
  }
}

export type ProviderCall = "charge" | "find" | "forbid" | "refund";

/** What a worker heard: an answer, or nothing it can use, in which case the outcome is unknown. */
export type Heard =
  | FindAnswer
  | ForbidAnswer
  | RefundAnswer
  | { readonly result: "silence"; readonly because: string };

/** What settles a payment, or the call to make next, or the decision to ask again later. */
export type Step =
  | { readonly do: "call"; readonly call: ProviderCall }
  | { readonly do: "complete"; readonly transactionId: string; readonly capturedAt: string }
  | { readonly do: "fail"; readonly reason: string }
  | { readonly do: "refunded" }
  | { readonly do: "askLater"; readonly because: string };

/**
 * The first call for a payment that was just claimed, by the status it had before.
 * A payment found PROCESSING may have been charged by somebody who crashed or heard nothing:
 * ask before anything else.
 */
export function firstCall(before: PaymentStatus): ProviderCall {
  switch (before) {
    case "PENDING":
      return "charge";
    case "PROCESSING":
      return "find";
    case "COMPLETED":
      return "refund";
    case "FAILED":
    case "REFUNDED":
      throw new Error(`a payment that is ${before} has nothing left to do`);
  }
}

/**
 * What follows from the provider's answer to `call`. Only an answer settles anything: silence is
 * never a failure. After at most one more call it ends in a step that is none.
 */
export function nextStep(call: ProviderCall, refundOrdered: boolean, heard: Heard): Step {
  // Stored with a refund that is not done, so a text that cannot be would hold up its whole batch.
  if (heard.result === "silence") return { do: "askLater", because: legible(heard.because) };
  return call === "refund" ? afterRefund(heard) : afterCharge(call, refundOrdered, heard);
}

function afterRefund(heard: Heard): Step {
  if (heard.result === "refunded") return { do: "refunded" };
  // Money we hold and cannot give back: a visible state that is tried again, never an end.
  const because = heard.result === "refused" ? `refused: ${legible(heard.reason)}` : heard.result;
  return { do: "askLater", because };
}

function afterCharge(call: ProviderCall, refundOrdered: boolean, heard: Heard): Step {
  switch (heard.result) {
    case "captured":
      return usableId(heard.transactionId) && usableInstant(heard.at)
        ? { do: "complete", transactionId: heard.transactionId, capturedAt: heard.at }
        : { do: "askLater", because: "captured, but its transaction id or time cannot be stored" };
    case "declined":
      return { do: "fail", reason: legible(heard.reason) };
    case "forbidden":
    case "voided":
      return { do: "fail", reason: CANCELLED_BEFORE_CHARGE };
    case "absent":
      return { do: "call", call: refundOrdered ? "forbid" : "charge" };
    case "pending":
      return refundOrdered
        ? { do: "call", call: "forbid" }
        : { do: "askLater", because: "the provider has not decided yet" };
    default:
      return { do: "askLater", because: `${heard.result} is no answer to ${call}` };
  }
}

const FIRST_BACKOFF_MS = 1_000;
const LAST_BACKOFF_MS = 30_000;

/** Milliseconds until the next attempt; `attempts` counts those made, from 1. */
export function backoffMs(attempts: number): number {
  return Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(20, Math.max(0, attempts - 1)));
}

/** A text from outside as one line that PostgreSQL and a reader can hold. */
export function legible(text: string): string {
  const line = text
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 300);
  return line || "no reason given";
}

function usableInstant(at: string): boolean {
  return /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/.test(at) && !Number.isNaN(Date.parse(at));
}

/** Other ids are not stored: one of them would make the whole batch unwritable. */
function usableId(transactionId: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(transactionId);
}
