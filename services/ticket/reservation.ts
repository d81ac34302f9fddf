/** The rules of reservations: what each command does in each state, and what is said of it. */
import type { MessageOf } from "../common/contracts/messages.ts";
import type { ReservationStatus } from "../common/contracts/ticket.ts";

export interface Reservation {
  readonly id: number;
  readonly sagaId: string;
  readonly userId: number;
  readonly productId: number;
  readonly productName: string;
  readonly eventId: number;
  readonly quantity: number;
  /** Whole cents. */
  readonly totalCents: number;
  readonly status: ReservationStatus;
  /** Set exactly when the reservation is cancelled. */
  readonly cancelReason: string | null;
  /** ISO-8601 instants. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Who wants what: the saga after a payment, the saga after none, the buyer or an administrator. */
export type Command = "confirm" | "cancelForSaga" | "cancelByBuyer";

/**
 * confirm, cancel: change the state once and say so. repeat: change nothing and say again what
 * stands, because whoever asks may have missed it. refuse: change nothing, say nothing.
 */
export type Ruling = "confirm" | "cancel" | "repeat" | "refuse";

const LIVE = { confirm: "confirm", cancelForSaga: "cancel", cancelByBuyer: "cancel" } as const;

export const RULINGS: Readonly<Record<ReservationStatus, Readonly<Record<Command, Ruling>>>> = {
  PENDING: LIVE,
  PAYMENT_PENDING: LIVE,
  // Cancelling what is paid is allowed: the saga hears of it and refunds.
  CONFIRMED: { confirm: "repeat", cancelForSaga: "cancel", cancelByBuyer: "cancel" },
  // A confirmation that comes too late is told of the cancellation, so that the saga refunds.
  CANCELLED: { confirm: "repeat", cancelForSaga: "repeat", cancelByBuyer: "refuse" },
};

export function ruling(status: ReservationStatus, command: Command): Ruling {
  return RULINGS[status][command];
}

/** Why a reservation was cancelled, when it was not for the saga's reason. */
export const CANCELLED_BY_BUYER = "cancelled by the buyer";
export const EVENT_CANCELLED = "the event was cancelled";
export const HOLD_EXPIRED = "held for too long";

/** Made outside, once for each message. */
export interface Stamp {
  readonly messageId: string;
  /** ISO-8601. */
  readonly occurredAt: string;
}

/** What the saga must hear of a reservation that is confirmed or cancelled. */
export function announcement(
  reservation: Reservation,
  stamp: Stamp,
): MessageOf<"ReservationConfirmed"> | MessageOf<"ReservationCancelled"> {
  const { id: reservationId, sagaId, userId, totalCents: amountCents, status } = reservation;
  const data = { reservationId, userId, amountCents };
  if (status === "CONFIRMED") return { ...stamp, sagaId, type: "ReservationConfirmed", data };
  if (status === "CANCELLED") {
    const reason = reservation.cancelReason ?? "cancelled";
    return { ...stamp, sagaId, type: "ReservationCancelled", data: { ...data, reason } };
  }
  throw new Error(`reservation ${reservationId} is ${status}: nothing to announce`);
}
