/** A payment as the API shows it. */
import type { Payment } from "../common/contracts/payment.ts";
import { numberFromCents } from "../common/money.ts";
import type { StoredPayment } from "./payment-store.ts";

export function shownPayment(found: StoredPayment): Payment {
  const { id, sagaId, reservationId, userId, status, transactionId, failureReason } = found;
  return {
    id,
    sagaId,
    reservationId,
    userId,
    amount: numberFromCents(found.amountCents),
    status,
    transactionId,
    failureReason,
    createdAt: found.createdAt,
    completedAt: found.completedAt,
  };
}
