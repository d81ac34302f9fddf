import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Saga } from "../../services/common/contracts/saga.ts";
import { listSummary, sagaLine, sagaText, watchLine } from "./saga-text.ts";

const at = (seconds: number): string =>
  new Date(Date.UTC(2027, 4, 1, 20) + 1_000 * seconds).toISOString();
const nowMs = Date.parse(at(400));

const HANGING: Saga = {
  sagaId: "saga_1",
  reservationId: 12,
  userId: 5,
  amount: 99.8,
  state: "REFUNDING",
  because: "the buyer cancelled",
  deadlineAt: at(442),
  next: "asks for the refund again",
  attempts: 4,
  overdue: true,
  startedAt: at(0),
  updatedAt: at(95),
  timeline: [
    {
      at: at(0),
      event: "ReservationCreated",
      from: null,
      to: "CHARGING",
      sent: ["ChargePayment"],
      note: "seats are held; the payment is asked for",
    },
    {
      at: at(95),
      event: "ReservationCancelled",
      from: "CHARGING",
      to: "REFUNDING",
      sent: [],
      note: "cancelled before the payment was known",
    },
  ],
  undelivered: [{ type: "RefundPayment", since: at(390), attempts: 7, nextAttemptAt: at(401) }],
};

const PAYMENT = {
  ...{ id: "pay_1", sagaId: "saga_1", reservationId: 12, userId: 5, amount: 99.8 },
  ...{
    status: "COMPLETED" as const,
    transactionId: "tx_1",
    failureReason: "refused: no such card",
  },
  ...{ createdAt: at(1), completedAt: at(2) },
};

const lastLines = (saga: Saga, count: number) =>
  sagaText(saga, [], nowMs).split("\n").slice(-count);

test("a saga that hangs tells its story, why it stands there, and what comes when", () => {
  assert.is(
    sagaText(HANGING, [PAYMENT], nowMs),
    `saga saga_1
  reservation 12 of user 5, 99.80, begun 2027-05-01T20:00:00.000Z
  20:00:00  +    0.0 s  CHARGING     seats are held; the payment is asked for (ReservationCreated → ChargePayment)
  20:01:35  + 1 m 35 s  REFUNDING    cancelled before the payment was known (ReservationCancelled)
  payment pay_1 of 99.80 is COMPLETED: refused: no such card
stands in REFUNDING for 5 m 05 s because: the buyer cancelled; OVERDUE, somebody should look
not taken over yet: RefundPayment, on its way for 10.0 s, tried 7 times, again at 20:06:41
next: at 20:07:22 (in 42.0 s) it asks for the refund again (attempt 5)`,
  );
});

test("the first deadline of a payment is no attempt, and a missed one says so", () => {
  const next = "gives the seats back, and has the charge forbidden or refunded";
  const charging = { ...HANGING, state: "CHARGING" as const, attempts: 0, undelivered: [], next };
  assert.equal(lastLines(charging, 1), [`next: at 20:07:22 (in 42.0 s) it ${next}`]);
  assert.equal(lastLines({ ...charging, deadlineAt: at(355) }, 1), [
    `next: was due at 20:05:55 (45.0 s ago): it ${next}`,
  ]);
});

test("a saga that has ended says how, and after how long", () => {
  const ended = { ...HANGING, deadlineAt: null, next: null, attempts: 0, overdue: false };
  const undelivered: Saga["undelivered"] = [];
  const paid = {
    ...ended,
    undelivered,
    state: "COMPLETED" as const,
    because: "paid and confirmed",
  };
  assert.equal(lastLines(paid, 1), ["ended COMPLETED after 1 m 35 s: paid and confirmed"]);
  const undone = { ...paid, state: "COMPENSATED" as const, because: "payment timed out" };
  assert.equal(lastLines(undone, 1), [
    "ended COMPENSATED after 1 m 35 s: payment timed out; seats and money are back",
  ]);
});

test("a payment service that could not be asked does not hide the saga", () => {
  assert.match(sagaText(HANGING, null, nowMs), "\n  payment: its service could not be asked\n");
});

test("a list has a line for each, with what is wrong in words", () => {
  assert.is(
    sagaLine(HANGING, nowMs),
    "saga_1  reservation      12  REFUNDING    for  5 m 05 s  asked again 4 times  OVERDUE  the buyer cancelled",
  );
  const calm = { ...HANGING, attempts: 0, overdue: false, state: "CHARGING" as const };
  assert.is(
    sagaLine({ ...calm, because: "waiting for the payment" }, nowMs),
    "saga_1  reservation      12  CHARGING     for  5 m 05 s  waiting for the payment",
  );
  assert.is(listSummary([], 100), "0 sagas");
  assert.is(listSummary([HANGING], 1), "1 saga; there may be more, see --limit");
});

test("a watch counts what is open and names who waits longest", () => {
  const counts = { charging: 1_203, confirming: 0, cancelling: 2, refunding: 1, overdue: 1 };
  assert.is(
    watchLine({ ...counts, oldest: HANGING }, nowMs),
    "charging 1 203  confirming     0  cancelling     2  refunding     1  overdue     1  oldest saga_1 REFUNDING for 5 m 05 s",
  );
  const none = { charging: 0, confirming: 0, cancelling: 0, refunding: 0, overdue: 0 };
  assert.match(watchLine({ ...none, oldest: null }, nowMs), / {2}all have ended$/);
});

test.run();
