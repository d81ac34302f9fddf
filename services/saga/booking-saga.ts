/** The booking saga as a pure state machine: what to do when something happens, and why. */
import type { MessageType } from "../common/contracts/messages.ts";

/**
 * Where a booking stands. `refunding` and `compensated` imply that the reservation is cancelled:
 * the way there leads through ReservationCancelled alone.
 */
export type BookingState =
  | { readonly at: "charging" }
  | { readonly at: "confirming" }
  | { readonly at: "cancelling"; readonly money: Money; readonly because: string }
  | { readonly at: "refunding"; readonly because: string }
  | { readonly at: "completed" }
  | { readonly at: "compensated"; readonly because: string };

export type At = BookingState["at"];

/** none: known to be net zero. open: a RefundPayment is on its way and not yet answered. */
export type Money = "none" | "open";

export type BookingEvent =
  | { readonly type: "ReservationCreated" }
  | { readonly type: "PaymentCompleted" }
  | { readonly type: "PaymentFailed"; readonly reason: string }
  | { readonly type: "ReservationConfirmed" }
  | { readonly type: "ReservationCancelled"; readonly reason: string }
  | { readonly type: "PaymentRefunded" }
  /** Nothing came in time; `waitedSeconds` since the state was entered, whole, for the words. */
  | { readonly type: "deadlinePassed"; readonly waitedSeconds: number }
  /** An operator wants the question of this state asked again. */
  | { readonly type: "retried" };

export type EventType = BookingEvent["type"];

/** What the coordinator sends. */
export type Command = Extract<
  MessageType,
  "ChargePayment" | "ConfirmReservation" | "CancelReservation" | "RefundPayment"
>;

/** `note`: words for the timeline. */
export type Decision =
  /** A new state; perhaps the same `at` with other `money`. */
  | {
      readonly does: "go";
      readonly to: BookingState;
      readonly send: readonly Command[];
      readonly note: string;
    }
  /** The same state; what it waits for is asked for once more. */
  | { readonly does: "ask"; readonly send: readonly Command[]; readonly note: string }
  /** Nothing changes and nothing is sent. */
  | { readonly does: "stay"; readonly note: string }
  /** The message is ahead of the one that begins the saga: to be delivered again later. */
  | { readonly does: "notYet" };

/** `state` is undefined while nothing is known of the saga. */
export function decide(state: BookingState | undefined, event: BookingEvent): Decision {
  switch (state?.at) {
    case undefined:
      return beforeAll(event);
    case "charging":
      return whileCharging(event);
    case "confirming":
      return whileConfirming(event);
    case "cancelling":
      return whileCancelling(state, event);
    case "refunding":
      return whileRefunding(state, event);
    case "completed":
      return onceCompleted(event);
    case "compensated":
      return onceCompensated(state, event);
  }
}

/** True for the two states in which a saga rests. */
export function hasEnded(at: At): boolean {
  return at === "completed" || at === "compensated";
}

function beforeAll(event: BookingEvent): Decision {
  switch (event.type) {
    case "ReservationCreated":
      return go({ at: "charging" }, ["ChargePayment"], "seats are held; the payment is asked for");
    // Messages may overtake each other: this is the tombstone that the later ReservationCreated
    // finds. And a coordinator that has lost its books may have had this booking charged: only the
    // payment service knows, and forbids what it has not captured.
    case "ReservationCancelled":
      return go(
        { at: "refunding", because: event.reason },
        ["RefundPayment"],
        `cancelled before the booking was seen (${event.reason}); no money is kept`,
      );
    case "PaymentCompleted":
    case "PaymentFailed":
    case "ReservationConfirmed":
    case "PaymentRefunded":
    case "deadlinePassed":
    case "retried":
      return { does: "notYet" };
  }
}

function whileCharging(event: BookingEvent): Decision {
  switch (event.type) {
    case "PaymentCompleted":
      return go({ at: "confirming" }, ["ConfirmReservation"], "paid; the seats are confirmed");
    case "PaymentFailed":
      return go(
        { at: "cancelling", money: "none", because: `payment failed: ${event.reason}` },
        ["CancelReservation"],
        `payment failed: ${event.reason}; the seats go back`,
      );
    // Silence is neither yes nor no: the money is made net zero whatever became of the charge.
    case "deadlinePassed":
      return go(
        { at: "cancelling", money: "open", because: "payment timed out" },
        ["CancelReservation", "RefundPayment"],
        `payment timed out after ${event.waitedSeconds} s; the seats go back`,
      );
    case "ReservationCancelled":
      return go(
        { at: "refunding", because: event.reason },
        ["RefundPayment"],
        `cancelled before the payment was known (${event.reason}); no money is kept`,
      );
    // One charge a saga, however often it is asked for. The deadline stays where it is.
    case "retried":
      return ask(["ChargePayment"], "an operator asked for the payment again");
    case "ReservationCreated":
    case "ReservationConfirmed":
    case "PaymentRefunded":
      return stay("charging", event);
  }
}

/** The money is captured: from here on there are only retries, and the way back is a refund. */
function whileConfirming(event: BookingEvent): Decision {
  switch (event.type) {
    case "ReservationConfirmed":
      return go({ at: "completed" }, [], "paid and confirmed");
    case "ReservationCancelled":
      return go(
        { at: "refunding", because: event.reason },
        ["RefundPayment"],
        `cancelled before it was confirmed (${event.reason}); the money goes back`,
      );
    case "deadlinePassed":
    case "retried":
      return ask(["ConfirmReservation"], askedAgain(event, "the confirmation"));
    case "ReservationCreated":
    case "PaymentCompleted":
    case "PaymentFailed":
    case "PaymentRefunded":
      return stay("confirming", event);
  }
}

function whileCancelling(
  state: Extract<BookingState, { at: "cancelling" }>,
  event: BookingEvent,
): Decision {
  const { money, because } = state;
  switch (event.type) {
    case "ReservationCancelled":
      return money === "none"
        ? go({ at: "compensated", because }, [], "the seats are back, no money was kept")
        : go({ at: "refunding", because }, [], "the seats are back; the money is still open");
    case "PaymentFailed":
    case "PaymentRefunded":
      if (money === "none") return stay("cancelling", event);
      return go(
        { ...state, money: "none" },
        [],
        "no money is kept; the seats are still to go back",
      );
    case "PaymentCompleted":
      if (money === "open") return stay("cancelling", event);
      return go({ ...state, money: "open" }, ["RefundPayment"], "paid after all; it is refunded");
    case "deadlinePassed":
    case "retried":
      return money === "none"
        ? ask(["CancelReservation"], askedAgain(event, "the cancellation"))
        : ask(
            ["CancelReservation", "RefundPayment"],
            askedAgain(event, "the cancellation and the refund"),
          );
    case "ReservationCreated":
    case "ReservationConfirmed":
      return stay("cancelling", event);
  }
}

function whileRefunding(
  { because }: Extract<BookingState, { at: "refunding" }>,
  event: BookingEvent,
): Decision {
  switch (event.type) {
    case "PaymentRefunded":
      return go({ at: "compensated", because }, [], "the seats and the money are back");
    case "PaymentFailed":
      return go({ at: "compensated", because }, [], "the seats are back, nothing was charged");
    case "deadlinePassed":
    case "retried":
      return ask(["RefundPayment"], askedAgain(event, "the refund"));
    case "ReservationCreated":
    case "PaymentCompleted":
    case "ReservationConfirmed":
    case "ReservationCancelled":
      return stay("refunding", event);
  }
}

function onceCompleted(event: BookingEvent): Decision {
  switch (event.type) {
    case "ReservationCancelled":
      return go(
        { at: "refunding", because: event.reason },
        ["RefundPayment"],
        `cancelled after it was confirmed (${event.reason}); the money goes back`,
      );
    case "ReservationCreated":
    case "PaymentCompleted":
    case "PaymentFailed":
    case "ReservationConfirmed":
    case "PaymentRefunded":
    case "deadlinePassed":
    case "retried":
      return stay("completed", event);
  }
}

function onceCompensated(
  { because }: Extract<BookingState, { at: "compensated" }>,
  event: BookingEvent,
): Decision {
  switch (event.type) {
    // Money that arrives after we gave the seats back goes home again.
    case "PaymentCompleted":
      return go(
        { at: "refunding", because },
        ["RefundPayment"],
        "paid after the seats went back; it is refunded",
      );
    case "ReservationCreated":
    case "PaymentFailed":
    case "ReservationConfirmed":
    case "ReservationCancelled":
    case "PaymentRefunded":
    case "deadlinePassed":
    case "retried":
      return stay("compensated", event);
  }
}

function go(to: BookingState, send: readonly Command[], note: string): Decision {
  return { does: "go", to, send, note };
}

function ask(send: readonly Command[], note: string): Decision {
  return { does: "ask", send, note };
}

function stay(at: At, event: BookingEvent): Decision {
  return { does: "stay", note: `${event.type} changes nothing while ${at}` };
}

function askedAgain(
  event: Extract<BookingEvent, { type: "deadlinePassed" | "retried" }>,
  what: string,
): string {
  return event.type === "retried"
    ? `an operator asked for ${what} again`
    : `no answer after ${event.waitedSeconds} s; asked for ${what} again`;
}
