/**
 * One booking as the ticket and the payment service live it: what they answer to the saga's
 * commands, without a clock, a database or a bus. Tests drive it in any order they like.
 */
import type { Message, MessageType } from "../../common/contracts/messages.ts";
import type { Booking } from "../saga-store.ts";

/**
 * captures, declines: answers at once. silent: nothing happens, and nobody says so. mute: captures,
 * and never says so. late: captures at once, and says so when `lateAnswer` is called. fickle: says
 * that the charge failed, and captures all the same when `lateAnswer` is called. All of them answer
 * when a refund is asked for.
 */
export type PaymentScript = "captures" | "declines" | "silent" | "mute" | "late" | "fickle";

type Seat = "held" | "confirmed" | "free";
/** forbidden: a refund came first, so no charge may ever follow. */
type Charge = "none" | "captured" | "declined" | "refunded" | "forbidden";

export class SimulatedWorld {
  readonly booking: Booking;
  readonly #script: PaymentScript;
  readonly #handled = new Set<string>();
  #messages = 0;
  /** Whether the late answer was given. */
  #answered = false;
  seat: Seat = "held";
  charge: Charge = "none";
  /** How often money really moved. */
  captures = 0;
  refunds = 0;

  constructor(booking: Booking, script: PaymentScript) {
    this.booking = booking;
    this.#script = script;
  }

  /** The reservation was made; to be called once. */
  created(): Message {
    return this.#message("ReservationCreated");
  }

  /** The buyer, or whoever calls the event off, cancels; nothing to say when it is cancelled. */
  cancelled(): readonly Message[] {
    if (this.seat === "free") return [];
    this.seat = "free";
    return [this.#message("ReservationCancelled")];
  }

  /** What the provider says of its own accord, at any time after the charge. */
  lateAnswer(): readonly Message[] {
    const { late } = this;
    if (!late) return [];
    this.#answered = true;
    if (this.charge === "declined") this.#capture();
    return [this.#message("PaymentCompleted")];
  }

  /** True while `lateAnswer` has something to say. */
  get late(): boolean {
    if (this.#answered) return false;
    if (this.#script === "late") return this.captures > 0;
    return this.#script === "fickle" && this.charge === "declined";
  }

  /** Handles a command, once for each message id; returns the answers. */
  receive(command: Message): readonly Message[] {
    if (this.#handled.has(command.messageId)) return [];
    this.#handled.add(command.messageId);
    switch (command.type) {
      case "ConfirmReservation":
        if (this.seat === "held") this.seat = "confirmed";
        return [this.#seatAnswer()];
      case "CancelReservation":
        this.seat = "free";
        return [this.#seatAnswer()];
      case "ChargePayment":
        return this.#charge();
      case "RefundPayment":
        return this.#refund();
      default:
        throw new Error(`${command.type} is not for the ticket or the payment service`);
    }
  }

  #seatAnswer(): Message {
    return this.#message(this.seat === "free" ? "ReservationCancelled" : "ReservationConfirmed");
  }

  #charge(): readonly Message[] {
    if (this.charge === "none") {
      if (this.#script === "silent") return [];
      if (this.#script === "declines" || this.#script === "fickle") this.charge = "declined";
      else this.#capture();
    }
    if (this.charge === "captured") {
      if (this.#script === "mute" || this.late) return [];
    }
    return [this.#chargeAnswer()];
  }

  #capture(): void {
    this.charge = "captured";
    this.captures += 1;
  }

  #refund(): readonly Message[] {
    if (this.charge === "captured") {
      this.charge = "refunded";
      this.refunds += 1;
    }
    if (this.charge === "none" || this.charge === "declined") this.charge = "forbidden";
    return [this.#chargeAnswer()];
  }

  #chargeAnswer(): Message {
    switch (this.charge) {
      case "captured":
        return this.#message("PaymentCompleted");
      case "refunded":
        return this.#message("PaymentRefunded");
      case "none":
      case "declined":
      case "forbidden":
        return this.#message("PaymentFailed");
    }
  }

  #message(type: MessageType): Message {
    const { sagaId, ...booking } = this.booking;
    this.#messages += 1;
    const messageId = `${sagaId}-world-${this.#messages}`;
    const occurredAt = "2030-01-01T00:00:00.000Z";
    // Every field that any answer carries: the schemas let the others pass.
    const data = {
      ...booking,
      paymentId: `pay-${sagaId}`,
      transactionId: `tx-${sagaId}`,
      reason: type === "PaymentFailed" ? this.charge : "the buyer cancelled",
    };
    return { messageId, sagaId, type, occurredAt, data } as Message;
  }
}
