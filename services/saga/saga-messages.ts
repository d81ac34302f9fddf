/** Between the bus and the state machine: what a message tells the saga, what a command says. */
import type { Message } from "../common/contracts/messages.ts";
import type { BookingEvent, BookingState, Command } from "./booking-saga.ts";
import type { Booking } from "./saga-store.ts";

/** Undefined for a message that is addressed to another service. */
export function eventOf(message: Message): BookingEvent | undefined {
  switch (message.type) {
    case "ReservationCreated":
    case "PaymentCompleted":
    case "ReservationConfirmed":
    case "PaymentRefunded":
      return { type: message.type };
    case "PaymentFailed":
    case "ReservationCancelled":
      return { type: message.type, reason: message.data.reason };
    case "ChargePayment":
    case "ConfirmReservation":
    case "CancelReservation":
    case "RefundPayment":
      return undefined;
  }
}

export function bookingOf({ sagaId, data }: Message): Booking {
  const { reservationId, userId, amountCents } = data;
  return { sagaId, reservationId, userId, amountCents };
}

/** `occurredAt`: an ISO-8601 instant, for people. `state`: the one in which the command is sent. */
export function messageOf(
  command: Command,
  booking: Booking,
  state: BookingState,
  envelope: { readonly messageId: string; readonly occurredAt: string },
): Message {
  const { sagaId, ...data } = booking;
  switch (command) {
    case "ChargePayment":
    case "ConfirmReservation":
      return { ...envelope, sagaId, type: command, data };
    case "CancelReservation":
    case "RefundPayment":
      return { ...envelope, sagaId, type: command, data: { ...data, reason: reasonOf(state) } };
  }
}

/** Both commands that carry a reason are sent only in states that have one. */
function reasonOf(state: BookingState): string {
  return "because" in state ? state.because : "the booking is undone";
}
