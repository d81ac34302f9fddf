/** The booking saga's table: every state and every event, one row each. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type BookingEvent,
  type BookingState,
  type Decision,
  decide,
  type EventType,
  hasEnded,
} from "./booking-saga.ts";

const because = "earlier";
const STATES = {
  "not begun": undefined,
  charging: { at: "charging" },
  confirming: { at: "confirming" },
  "cancelling, money none": { at: "cancelling", money: "none", because },
  "cancelling, money open": { at: "cancelling", money: "open", because },
  refunding: { at: "refunding", because },
  completed: { at: "completed" },
  compensated: { at: "compensated", because },
} as const satisfies Record<string, BookingState | undefined>;

const EVENTS: { readonly [T in EventType]: Extract<BookingEvent, { type: T }> } = {
  ReservationCreated: { type: "ReservationCreated" },
  PaymentCompleted: { type: "PaymentCompleted" },
  PaymentFailed: { type: "PaymentFailed", reason: "declined" },
  ReservationConfirmed: { type: "ReservationConfirmed" },
  ReservationCancelled: { type: "ReservationCancelled", reason: "changed their mind" },
  PaymentRefunded: { type: "PaymentRefunded" },
  deadlinePassed: { type: "deadlinePassed", waitedSeconds: 60 },
  retried: { type: "retried" },
};

/** "state (because) → messages"; "again → messages"; "stay"; "not yet". */
const TABLE: Record<keyof typeof STATES, Record<EventType, string>> = {
  "not begun": {
    ReservationCreated: "charging → ChargePayment",
    PaymentCompleted: "not yet",
    PaymentFailed: "not yet",
    ReservationConfirmed: "not yet",
    ReservationCancelled: "refunding (changed their mind) → RefundPayment",
    PaymentRefunded: "not yet",
    deadlinePassed: "not yet",
    retried: "not yet",
  },
  charging: {
    ReservationCreated: "stay",
    PaymentCompleted: "confirming → ConfirmReservation",
    PaymentFailed: "cancelling, money none (payment failed: declined) → CancelReservation",
    ReservationConfirmed: "stay",
    ReservationCancelled: "refunding (changed their mind) → RefundPayment",
    PaymentRefunded: "stay",
    deadlinePassed: "cancelling, money open (payment timed out) → CancelReservation, RefundPayment",
    retried: "again → ChargePayment",
  },
  confirming: {
    ReservationCreated: "stay",
    PaymentCompleted: "stay",
    PaymentFailed: "stay",
    ReservationConfirmed: "completed",
    ReservationCancelled: "refunding (changed their mind) → RefundPayment",
    PaymentRefunded: "stay",
    deadlinePassed: "again → ConfirmReservation",
    retried: "again → ConfirmReservation",
  },
  "cancelling, money none": {
    ReservationCreated: "stay",
    PaymentCompleted: "cancelling, money open (earlier) → RefundPayment",
    PaymentFailed: "stay",
    ReservationConfirmed: "stay",
    ReservationCancelled: "compensated (earlier)",
    PaymentRefunded: "stay",
    deadlinePassed: "again → CancelReservation",
    retried: "again → CancelReservation",
  },
  "cancelling, money open": {
    ReservationCreated: "stay",
    PaymentCompleted: "stay",
    PaymentFailed: "cancelling, money none (earlier)",
    ReservationConfirmed: "stay",
    ReservationCancelled: "refunding (earlier)",
    PaymentRefunded: "cancelling, money none (earlier)",
    deadlinePassed: "again → CancelReservation, RefundPayment",
    retried: "again → CancelReservation, RefundPayment",
  },
  refunding: {
    ReservationCreated: "stay",
    PaymentCompleted: "stay",
    PaymentFailed: "compensated (earlier)",
    ReservationConfirmed: "stay",
    ReservationCancelled: "stay",
    PaymentRefunded: "compensated (earlier)",
    deadlinePassed: "again → RefundPayment",
    retried: "again → RefundPayment",
  },
  completed: {
    ReservationCreated: "stay",
    PaymentCompleted: "stay",
    PaymentFailed: "stay",
    ReservationConfirmed: "stay",
    ReservationCancelled: "refunding (changed their mind) → RefundPayment",
    PaymentRefunded: "stay",
    deadlinePassed: "stay",
    retried: "stay",
  },
  compensated: {
    ReservationCreated: "stay",
    PaymentCompleted: "refunding (earlier) → RefundPayment",
    PaymentFailed: "stay",
    ReservationConfirmed: "stay",
    ReservationCancelled: "stay",
    PaymentRefunded: "stay",
    deadlinePassed: "stay",
    retried: "stay",
  },
};

function inWords(decision: Decision): string {
  switch (decision.does) {
    case "notYet":
      return "not yet";
    case "stay":
      // A decision to stay has nothing to send, not even an empty list of its own.
      return Object.keys(decision).sort().join() === "does,note" ? "stay" : "stay, and more";
    case "ask":
      return `again → ${decision.send.join(", ")}`;
    case "go": {
      const { to, send } = decision;
      const money = to.at === "cancelling" ? `, money ${to.money}` : "";
      const reason = "because" in to ? ` (${to.because})` : "";
      return `${to.at}${money}${reason}${send.length > 0 ? ` → ${send.join(", ")}` : ""}`;
    }
  }
}

for (const [name, row] of Object.entries(TABLE)) {
  const state = STATES[name as keyof typeof STATES];
  for (const [type, expected] of Object.entries(row)) {
    test(`${name} + ${type}: ${expected}`, () => {
      const decision = decide(state, EVENTS[type as EventType]);
      assert.is(inWords(decision), expected);
      if (decision.does !== "notYet") assert.ok(decision.note.length > 0, "words for the timeline");
    });
  }
}

test("every decision that asks again asks something", () => {
  for (const state of Object.values(STATES)) {
    for (const event of Object.values(EVENTS)) {
      const decision = decide(state, event);
      if (decision.does === "ask") assert.ok(decision.send.length > 0);
    }
  }
});

test("only a completed or a compensated saga has ended", () => {
  const ended = Object.values(STATES).filter((state) => state && hasEnded(state.at));
  assert.equal(ended, [STATES.completed, STATES.compensated]);
});

test("a silent payment is told of with the time that was waited", () => {
  const decision = decide({ at: "charging" }, { type: "deadlinePassed", waitedSeconds: 60 });
  assert.is(
    decision.does === "go" && decision.note,
    "payment timed out after 60 s; the seats go back",
  );
});

test.run();
