/** The messages that tell the saga what became of a payment. */
import { type Clock, instant } from "../common/clock.ts";
import type { Message, MessageOf } from "../common/contracts/messages.ts";
import { type IdSource, newMessageId } from "../common/ids.ts";
import type { StoredPayment } from "./payment-store.ts";

export type OutcomeType = "PaymentCompleted" | "PaymentFailed" | "PaymentRefunded";

/** An outcome with the message id drawn anew: each telling is a message of its own. */
export function outcomeMessage(payment: StoredPayment, clock: Clock, newId?: IdSource): Message {
  const head = {
    messageId: newMessageId(newId),
    sagaId: payment.sagaId,
    occurredAt: instant(clock.now()),
  };
  const booking = {
    reservationId: payment.reservationId,
    userId: payment.userId,
    amountCents: payment.amountCents,
  };
  switch (payment.status) {
    case "COMPLETED": {
      const { transactionId } = payment;
      if (transactionId === null) throw new Error(`${payment.id} is COMPLETED without transaction`);
      const data = { ...booking, paymentId: payment.id, transactionId };
      return { ...head, type: "PaymentCompleted", data } satisfies MessageOf<"PaymentCompleted">;
    }
    case "FAILED": {
      const data = { ...booking, reason: payment.failureReason ?? "no reason given" };
      return { ...head, type: "PaymentFailed", data } satisfies MessageOf<"PaymentFailed">;
    }
    case "REFUNDED": {
      const data = { ...booking, paymentId: payment.id };
      return { ...head, type: "PaymentRefunded", data } satisfies MessageOf<"PaymentRefunded">;
    }
    case "PENDING":
    case "PROCESSING":
      throw new Error(`${payment.id} is ${payment.status}: there is no outcome to tell`);
  }
}
