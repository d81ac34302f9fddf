/** A saga's timetable: first deadlines, growing pauses, and what leaves them alone. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type BookingEvent, type BookingState, decide } from "./booking-saga.ts";
import { alarmOf, lasting, OVERDUE_ATTEMPTS, retrySeconds, type Standing, stepOf } from "./step.ts";

const TIMETABLE = { paymentDeadlineSeconds: 60, retrySeconds: 15 };
const timeout: BookingEvent = { type: "deadlinePassed", waitedSeconds: 60 };

function step(standing: Standing | undefined, event: BookingEvent) {
  const decision = decide(standing?.state, event);
  if (decision.does === "notYet") throw new Error("not yet");
  return stepOf(standing, event, decision, TIMETABLE);
}

const standing = (state: BookingState, attempts = 0): Standing => ({ state, attempts });

test("a payment has its own deadline", () => {
  const begun = step(undefined, { type: "ReservationCreated" });
  assert.equal(begun.deadline, { inSeconds: 60 });
  assert.is(begun.attempts, 0);
  assert.is(begun.from, undefined);
});

test("a new state is waited in for one retry period", () => {
  const next = step(standing({ at: "charging" }), { type: "PaymentCompleted" });
  assert.equal(next.deadline, { inSeconds: 15 });
  assert.is(next.changes, "state");
});

test("each question repeated in vain doubles the pause, up to five minutes", () => {
  const pauses = [0, 1, 2, 3, 4, 5, 60, 5_000].map((n) => retrySeconds(n, TIMETABLE));
  assert.equal(pauses, [15, 30, 60, 120, 240, 300, 300, 300]);
  const asked = step(standing({ at: "refunding", because: "x" }, 2), timeout);
  assert.equal(asked.deadline, { inSeconds: 120 });
  assert.is(asked.attempts, 3);
  assert.is(asked.changes, "attempts");
});

test("a retry period configured longer than five minutes is kept", () => {
  assert.is(retrySeconds(4, { paymentDeadlineSeconds: 60, retrySeconds: 900 }), 900);
});

test("attempts are counted anew in a new state", () => {
  const cancelling = standing({ at: "cancelling", money: "open", because: "x" }, 5);
  const next = step(cancelling, { type: "ReservationCancelled", reason: "x" });
  assert.is(next.to.at, "refunding");
  assert.is(next.attempts, 0);
  assert.equal(next.deadline, { inSeconds: 15 });
});

test("news of the money leaves the wait for the seats as it is", () => {
  const cancelling = standing({ at: "cancelling", money: "open", because: "x" }, 5);
  const next = step(cancelling, { type: "PaymentRefunded" });
  assert.equal(next.to, { at: "cancelling", money: "none", because: "x" });
  assert.is(next.attempts, 5);
  assert.is(next.deadline, "keep");
});

test("an operator's retry moves no deadline", () => {
  const next = step(standing({ at: "charging" }), { type: "retried" });
  assert.is(next.deadline, "keep");
  assert.is(next.attempts, 1);
  assert.equal(next.send, ["ChargePayment"]);
});

test("an ended saga has no deadline", () => {
  assert.is(
    step(standing({ at: "confirming" }), { type: "ReservationConfirmed" }).deadline,
    "none",
  );
});

test("an alarm is raised once, by the step that makes a saga overdue, and cleared once", () => {
  const refunding: BookingState = { at: "refunding", because: "x" };
  const alarms = [];
  for (let attempts = 0; attempts < OVERDUE_ATTEMPTS + 3; attempts += 1) {
    alarms.push(alarmOf(attempts, step(standing(refunding, attempts), timeout)));
  }
  assert.equal(alarms, ["none", "none", "raised", "none", "none", "none"]);
  const overdue = standing(refunding, OVERDUE_ATTEMPTS);
  assert.is(alarmOf(overdue.attempts, step(overdue, { type: "PaymentCompleted" })), "none");
  assert.is(alarmOf(overdue.attempts, step(overdue, { type: "PaymentRefunded" })), "cleared");
  const nearly = standing(refunding, OVERDUE_ATTEMPTS - 1);
  assert.is(alarmOf(nearly.attempts, step(nearly, { type: "retried" })), "raised");
  assert.is(alarmOf(nearly.attempts, step(nearly, { type: "PaymentRefunded" })), "none");
});

test("staying changes nothing and sends nothing", () => {
  const stayed = step(standing({ at: "completed" }), { type: "PaymentCompleted" });
  assert.is(stayed.changes, "nothing");
  assert.is(stayed.deadline, "keep");
  assert.equal(stayed.send, []);
});

test("of several steps the row keeps the last state, the last word on the deadline, the greatest change", () => {
  const begun = step(undefined, { type: "ReservationCreated" });
  const { to, deadline } = begun;
  const again = step(standing(to), { type: "ReservationCreated" });
  assert.is(lasting([again]).changes, "nothing");
  assert.equal(lasting([begun, again]), { to, attempts: 0, deadline, changes: "state" });
  const asked = step(standing({ at: "confirming" }), timeout);
  assert.equal(lasting([again, asked]), {
    ...{ to: { at: "confirming" }, attempts: 1 },
    ...{ deadline: { inSeconds: 30 }, changes: "attempts" },
  });
});

test.run();
