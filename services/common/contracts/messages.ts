/** The booking saga's messages: their types, subjects, consumers and bodies. */
import { z } from "zod";
import type { ServiceName } from "./names.ts";

/** What every message of a booking carries, so that any consumer can act on it alone. */
const booking = {
  reservationId: z.int().positive(),
  userId: z.int().positive(),
  /** Whole cents. */
  amountCents: z.int().nonnegative(),
};

const DATA = {
  ReservationCreated: z.object({ ...booking }),
  ChargePayment: z.object({ ...booking }),
  PaymentCompleted: z.object({ ...booking, paymentId: z.string(), transactionId: z.string() }),
  PaymentFailed: z.object({ ...booking, reason: z.string() }),
  ConfirmReservation: z.object({ ...booking }),
  CancelReservation: z.object({ ...booking, reason: z.string() }),
  ReservationConfirmed: z.object({ ...booking }),
  ReservationCancelled: z.object({ ...booking, reason: z.string() }),
  /**
   * Makes the saga's money net zero whatever happened to the charge: captured → refunded, not
   * yet captured → forbidden for ever, unknown → asked for, then one of the two.
   */
  RefundPayment: z.object({ ...booking, reason: z.string() }),
  PaymentRefunded: z.object({ ...booking, paymentId: z.string() }),
} as const;

export type MessageType = keyof typeof DATA;
export type MessageData<T extends MessageType> = z.infer<(typeof DATA)[T]>;

interface Route {
  readonly subject: string;
  readonly consumer: ServiceName;
}

export const ROUTES: Readonly<Record<MessageType, Route>> = {
  ReservationCreated: { subject: "saga.reservation.created", consumer: "saga" },
  ChargePayment: { subject: "saga.payment.charge", consumer: "payment" },
  PaymentCompleted: { subject: "saga.payment.completed", consumer: "saga" },
  PaymentFailed: { subject: "saga.payment.failed", consumer: "saga" },
  ConfirmReservation: { subject: "saga.reservation.confirm", consumer: "ticket" },
  CancelReservation: { subject: "saga.reservation.cancel", consumer: "ticket" },
  ReservationConfirmed: { subject: "saga.reservation.confirmed", consumer: "saga" },
  ReservationCancelled: { subject: "saga.reservation.cancelled", consumer: "saga" },
  RefundPayment: { subject: "saga.payment.refund", consumer: "payment" },
  PaymentRefunded: { subject: "saga.payment.refunded", consumer: "saga" },
};

/** The envelope. `messageId` is made once, with the change that it tells of. */
export interface MessageOf<T extends MessageType> {
  readonly messageId: string;
  readonly sagaId: string;
  readonly type: T;
  /** ISO-8601, the sender's clock; for people, never compared. */
  readonly occurredAt: string;
  readonly data: MessageData<T>;
}

export type Message = { [T in MessageType]: MessageOf<T> }[MessageType];

const envelope = z.object({
  messageId: z.string().min(1),
  sagaId: z.string().min(1),
  type: z.enum(Object.keys(DATA) as [MessageType, ...MessageType[]]),
  occurredAt: z.string(),
  data: z.unknown(),
});

/** Checks what came off a wire or out of a table; throws a ZodError when it is not a message. */
export function parseMessage(raw: unknown): Message {
  const head = envelope.parse(raw);
  return { ...head, data: DATA[head.type].parse(head.data) } as Message;
}
