/** Compares our payments with the provider's statement and names every difference: pure. */
import type {
  DifferenceKind,
  PaymentDifference,
  PaymentStatus,
} from "../common/contracts/payment.ts";
import { textFromCents } from "../common/money.ts";
import type { StatementEntry } from "./provider.ts";

/** A payment of ours, as the comparison looks at it. */
export interface OwnPayment {
  readonly id: string;
  readonly sagaId: string;
  readonly reservationId: number;
  readonly amountCents: number;
  readonly status: PaymentStatus;
  readonly transactionId: string | null;
  readonly refundOrdered: boolean;
  /** Work has been left to do for longer than it ever should. */
  readonly overdue: boolean;
  /** Captured, or created and not captured, in the period that the statement is of. */
  readonly inPeriod: boolean;
}

export interface Comparison {
  readonly differences: readonly PaymentDifference[];
  /** Payments of the period whose money is on its way: nothing can be said against them yet. */
  readonly open: number;
}

/**
 * @param ours every payment of the period, and every one that an entry names
 * @param entries every charge that the provider captured in the period
 * @param currency the one that all charges are in
 */
export function reconcile(
  ours: readonly OwnPayment[],
  entries: readonly StatementEntry[],
  currency: string,
): Comparison {
  const bySaga = new Map(ours.map((one) => [one.sagaId, one]));
  const charged = new Map<string, StatementEntry>();
  const differences: PaymentDifference[] = [];
  for (const entry of entries) {
    const payment = entry.sagaId === null ? undefined : bySaga.get(entry.sagaId);
    if (!payment) differences.push(unknownToUs(entry));
    else if (isSecond(entry, payment, charged)) differences.push(chargedTwice(entry, payment));
    else {
      charged.set(payment.sagaId, entry);
      differences.push(...compared(entry, payment, currency));
    }
  }
  const inPeriod = ours.filter((one) => one.inPeriod);
  for (const payment of inPeriod) {
    if (isOpen(payment) && payment.overdue) differences.push(openTooLong(payment));
    if (wasCaptured(payment) && !charged.has(payment.sagaId)) differences.push(missing(payment));
  }
  return { differences, open: inPeriod.filter(isOpen).length };
}

/** Money may move any moment, or has moved and we have not heard. */
function isOpen({ status, refundOrdered }: OwnPayment): boolean {
  if (status === "PENDING" || status === "PROCESSING") return true;
  return status === "COMPLETED" && refundOrdered;
}

const wasCaptured = ({ status }: OwnPayment): boolean =>
  status === "COMPLETED" || status === "REFUNDED";

/** We know of one charge a saga; while we know of none, the first one may be it. */
function isSecond(
  entry: StatementEntry,
  { sagaId, transactionId }: OwnPayment,
  charged: ReadonlyMap<string, StatementEntry>,
): boolean {
  return transactionId === null ? charged.has(sagaId) : transactionId !== entry.transactionId;
}

function compared(
  entry: StatementEntry,
  payment: OwnPayment,
  currency: string,
): readonly PaymentDifference[] {
  const found: PaymentDifference[] = [];
  const say = (kind: DifferenceKind, words: string) =>
    found.push(difference(kind, payment, entry, words));
  const theirs = money(entry.amountCents, entry);
  if (payment.status === "FAILED") {
    const back = entry.refundedCents > 0 ? `, ${money(entry.refundedCents, entry)} given back` : "";
    say("chargedButFailed", `FAILED here, but the provider captured ${theirs}${back}`);
  }
  if (entry.currency !== currency) {
    say("currencyDiffers", `in ${currency} here, the provider captured ${theirs}`);
  } else if (entry.amountCents !== payment.amountCents) {
    const here = money(payment.amountCents, entry);
    say("amountDiffers", `${here} here, the provider captured ${theirs}`);
  }
  const refund = refundDifference(entry, payment);
  if (refund) say(...refund);
  return found;
}

function refundDifference(
  entry: StatementEntry,
  { status, refundOrdered }: OwnPayment,
): readonly [DifferenceKind, string] | undefined {
  const { amountCents, refundedCents } = entry;
  const back = money(refundedCents, entry);
  if (status === "COMPLETED" && !refundOrdered && refundedCents > 0) {
    return ["refundedOnlyThere", `COMPLETED here, but the provider gave ${back} back`];
  }
  if (status !== "REFUNDED" || refundedCents === amountCents) return undefined;
  if (refundedCents === 0) {
    return ["refundedOnlyHere", "REFUNDED here, but the provider gave nothing back"];
  }
  const theirs = money(amountCents, entry);
  return ["refundAmountDiffers", `REFUNDED here, but the provider gave ${back} of ${theirs} back`];
}

function unknownToUs(entry: StatementEntry): PaymentDifference {
  const named = entry.sagaId === null ? "a charge without a saga" : `a charge for ${entry.sagaId}`;
  return {
    kind: "unknownToUs",
    paymentId: null,
    reservationId: null,
    sagaId: entry.sagaId,
    transactionId: entry.transactionId,
    detail: `the provider captured ${money(entry.amountCents, entry)}, ${named}; there is no such payment here`,
  };
}

function chargedTwice(entry: StatementEntry, payment: OwnPayment): PaymentDifference {
  const words = `a second charge of one saga: ${money(entry.amountCents, entry)}, ${money(entry.refundedCents, entry)} given back`;
  return difference("chargedTwice", payment, entry, words);
}

function missing(payment: OwnPayment): PaymentDifference {
  const words = `${payment.status} here, but the provider has no such charge`;
  return difference("missingAtProvider", payment, undefined, words);
}

function openTooLong(payment: OwnPayment): PaymentDifference {
  const what = payment.refundOrdered ? "its refund was ordered" : "its charge was ordered";
  return difference(
    "openTooLong",
    payment,
    undefined,
    `${payment.status} since long after ${what}`,
  );
}

function difference(
  kind: DifferenceKind,
  { id, sagaId, reservationId, transactionId }: OwnPayment,
  entry: StatementEntry | undefined,
  detail: string,
): PaymentDifference {
  return {
    kind,
    paymentId: id,
    reservationId,
    sagaId,
    transactionId: entry?.transactionId ?? transactionId,
    detail,
  };
}

const money = (cents: number, { currency }: StatementEntry): string =>
  `${textFromCents(cents)} ${currency}`;
