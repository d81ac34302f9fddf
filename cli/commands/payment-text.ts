/** How payments and their differences from the provider's statement read in a terminal. */
import type { Payment, PaymentDifference } from "../../services/common/contracts/payment.ts";
import { formatCount } from "../tui/number-format.ts";
import { money } from "./words.ts";

/** What a reconciliation came to, over all its pages. */
export interface Reconciled {
  readonly since: string;
  readonly until: string;
  readonly payments: number;
  readonly charges: number;
  readonly open: number;
  readonly differences: readonly PaymentDifference[];
}

/** The kind comes first and as one word, so that lines can be sorted and counted. */
export function differenceLine(difference: PaymentDifference): string {
  const { kind, paymentId, reservationId, sagaId, transactionId, detail } = difference;
  const names = [
    paymentId,
    sagaId,
    reservationId === null ? null : `reservation ${reservationId}`,
    transactionId,
  ].filter((name) => name !== null);
  return `${kind.padEnd(19)}  ${detail}  (${names.join(", ")})`;
}

export function reconciledText(found: Reconciled): string {
  const { since, until, payments, charges, open, differences } = found;
  const count = differences.length;
  const verdict = count === 0 ? "no difference" : counted(count, "difference");
  const onTheWay = open > 0 ? `; ${formatCount(open)} open` : "";
  return `${verdict} from ${since} to ${until}: ${counted(payments, "payment")} here, ${counted(charges, "charge")} at the provider${onTheWay}`;
}

export function paymentLine(payment: Payment): string {
  const { id, status, amount, reservationId, sagaId, createdAt } = payment;
  return `${createdAt}  ${status.padEnd(10)}  ${money(amount).padStart(13)}  reservation ${reservationId}  ${id}  ${sagaId}`;
}

export function paymentText(payment: Payment): string {
  const rows: readonly (readonly [string, string | null])[] = [
    ["status", payment.status],
    ["amount", money(payment.amount)],
    ["reservation", String(payment.reservationId)],
    ["user", String(payment.userId)],
    ["saga", payment.sagaId],
    ["transaction", payment.transactionId],
    ["because", payment.failureReason],
    ["ordered", payment.createdAt],
    ["captured", payment.completedAt],
  ];
  const lines = rows.flatMap(([name, value]) =>
    value === null ? [] : [`  ${name.padEnd(11)}  ${value}`],
  );
  return [`payment ${payment.id}`, ...lines].join("\n");
}

const counted = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
