/** The saga's service on real PostgreSQL and a real bus: every path of a booking to its end. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../common/testing/service-harness.ts";
import { endOf, pathOf, type SagaStack, startSagaStack } from "./testing/saga-stack.ts";

const paths = suite<{ stack: SagaStack }>("paths");
paths.before(async (context) => {
  context.stack = await startSagaStack();
});
paths.before.each(({ stack }) => stack.standIns.release());
paths.after(({ stack }) => stack.stop());

paths("a booking that is paid is confirmed, and its timeline tells how", async ({ stack }) => {
  const world = stack.standIns.book("captures");
  const saga = await stack.until(world, "COMPLETED");
  assert.equal(pathOf(saga), [
    "ReservationCreated: CHARGING + ChargePayment",
    "PaymentCompleted: CONFIRMING + ConfirmReservation",
    "ReservationConfirmed: COMPLETED",
  ]);
  assert.equal(
    saga.timeline.map(({ from }) => from),
    [null, "CHARGING", "CONFIRMING"],
  );
  const { sagaId, reservationId, userId, amountCents } = world.booking;
  assert.equal([saga.sagaId, saga.reservationId, saga.userId], [sagaId, reservationId, userId]);
  assert.is(saga.amount, amountCents / 100);
  assert.is(saga.deadlineAt, null);
  assert.is(saga.because, "paid and confirmed");
  assert.is(endOf(world), "paid");
});

paths("a declined payment gives the seats back", async ({ stack }) => {
  const world = stack.standIns.book("declines");
  const saga = await stack.until(world, "COMPENSATED");
  assert.equal(pathOf(saga), [
    "ReservationCreated: CHARGING + ChargePayment",
    "PaymentFailed: CANCELLING + CancelReservation",
    "ReservationCancelled: COMPENSATED",
  ]);
  assert.is(saga.because, "payment failed: declined");
  assert.is(endOf(world), "undone");
});

paths("a payment that failed and was captured all the same is refunded", async ({ stack }) => {
  const world = stack.standIns.book("fickle");
  await stack.until(world, "COMPENSATED");
  stack.standIns.say(world.lateAnswer());
  await eventually(
    async () => endOf(world),
    (end) => end === "undone" && world.refunds === 1,
  );
  const saga = await stack.until(world, "COMPENSATED");
  assert.ok(pathOf(saga).includes("PaymentCompleted: REFUNDING + RefundPayment"));
});

paths(
  "a cancellation that overtakes the booking keeps it from being charged",
  async ({ stack }) => {
    const world = stack.standIns.reserve("captures");
    const created = world.created();
    stack.standIns.say(world.cancelled());
    await stack.until(world, "COMPENSATED");
    stack.standIns.say([created]);
    const saga = await eventually(
      () => stack.saga(world),
      ({ timeline }) => timeline.length === 3,
    );
    assert.equal(pathOf(saga), [
      "ReservationCancelled: REFUNDING + RefundPayment",
      "PaymentFailed: COMPENSATED",
      "ReservationCreated: COMPENSATED",
    ]);
    assert.is(world.captures, 0);
  },
);

paths("a booking cancelled while it is charged keeps no money", async ({ stack }) => {
  stack.standIns.hold("PaymentCompleted");
  const world = stack.standIns.book("captures");
  await stack.until(world, "CHARGING");
  stack.standIns.say(world.cancelled());
  await stack.until(world, "COMPENSATED");
  stack.standIns.release();
  await eventually(
    async () => stack.standIns.unsent,
    (unsent) => unsent === 0,
  );
  await stack.until(world, "COMPENSATED");
  assert.is(endOf(world), "undone");
});

paths("a booking cancelled while it is confirmed is refunded", async ({ stack }) => {
  stack.standIns.hold("ReservationConfirmed");
  const world = stack.standIns.book("captures");
  await stack.until(world, "CONFIRMING");
  await eventually(
    async () => world.seat,
    (seat) => seat === "confirmed",
  );
  stack.standIns.say(world.cancelled());
  await stack.until(world, "COMPENSATED");
  stack.standIns.release();
  await eventually(
    async () => stack.standIns.unsent,
    (unsent) => unsent === 0,
  );
  assert.is((await stack.saga(world)).state, "COMPENSATED");
  assert.is(endOf(world), "undone");
  assert.is(world.refunds, 1);
});

paths("a confirmed booking that is cancelled is refunded once", async ({ stack }) => {
  const world = stack.standIns.book("captures");
  await stack.until(world, "COMPLETED");
  stack.standIns.say(world.cancelled());
  const saga = await stack.until(world, "COMPENSATED");
  assert.equal(pathOf(saga).slice(-2), [
    "ReservationCancelled: REFUNDING + RefundPayment",
    "PaymentRefunded: COMPENSATED",
  ]);
  assert.is(world.refunds, 1);
});

paths("a message that comes before its saga is refused until the saga began", async ({ stack }) => {
  const world = stack.standIns.reserve("late");
  const { sagaId, ...data } = world.booking;
  const early = {
    messageId: "early-1",
    sagaId,
    type: "PaymentCompleted",
    occurredAt: "2030-01-01T00:00:00.000Z",
    data: { ...data, paymentId: "pay", transactionId: "tx" },
  } as const;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const refused = await stack.harness.bus.publish(early).then(
      () => false,
      () => true,
    );
    assert.ok(refused, "it was swallowed");
  }
  stack.standIns.say([world.created()]);
  await stack.until(world, "CHARGING");
  await stack.harness.bus.publish(early);
  await stack.until(world, "COMPLETED");
});

paths("a message delivered many times at once is handled once", async ({ stack }) => {
  stack.standIns.hold("PaymentCompleted");
  const world = stack.standIns.reserve("captures");
  const created = world.created();
  await Promise.all(Array.from({ length: 10 }, () => stack.harness.bus.publish(created)));
  const saga = await stack.saga(world);
  assert.equal(pathOf(saga), ["ReservationCreated: CHARGING + ChargePayment"]);
  stack.standIns.release();
  await stack.until(world, "COMPLETED");
  assert.is(world.captures, 1);
});

paths("a message for another service is refused", async ({ stack }) => {
  const world = stack.standIns.reserve("captures");
  const { sagaId, ...data } = world.booking;
  const call = stack.harness.broker.call("bus-saga.deliver", {
    messageId: "stray-1",
    sagaId,
    type: "ChargePayment",
    occurredAt: "2030-01-01T00:00:00.000Z",
    data,
  });
  const refused = await call.then(
    () => false,
    () => true,
  );
  assert.ok(refused);
});

paths("sagas and their ends are counted", async ({ stack }) => {
  assert.ok((await stack.metric("sagas_started_total")) >= 7);
  assert.ok((await stack.metric("sagas_completed_total")) >= 3);
  assert.ok((await stack.metric("sagas_compensated_total")) >= 5);
  for (const gauge of ["charging", "confirming", "cancelling", "refunding", "overdue"]) {
    assert.is(await stack.metric(`sagas_${gauge}`), 0, gauge);
  }
  await eventually(
    () => stack.metric("outbox_unsent"),
    (unsent) => unsent === 0,
  );
});

paths.run();

const deadlines = suite<{ stack: SagaStack }>("deadlines");
deadlines.before(async (context) => {
  context.stack = await startSagaStack({
    settings: { PAYMENT_DEADLINE_SECONDS: "1", SAGA_RETRY_SECONDS: "0.1" },
  });
});
deadlines.before.each(({ stack }) => stack.standIns.release());
deadlines.after(({ stack }) => stack.stop());

deadlines("a silent payment gives the seats back at its deadline", async ({ stack }) => {
  const world = stack.standIns.book("silent");
  const begun = await stack.until(world, "CHARGING");
  assert.is(Date.parse(begun.deadlineAt ?? "") - Date.parse(begun.startedAt) <= 1_000, true);
  const saga = await stack.until(world, "COMPENSATED");
  assert.is(saga.because, "payment timed out");
  assert.is(saga.timeline[1]?.event, "deadlinePassed");
  assert.is(saga.timeline[1]?.note, "payment timed out after 1 s; the seats go back");
  assert.equal(saga.timeline[1]?.sent, ["CancelReservation", "RefundPayment"]);
  const waitedMs = Date.parse(saga.timeline[1]?.at ?? "") - Date.parse(begun.startedAt);
  assert.ok(waitedMs >= 990 && waitedMs < 3_000, `${waitedMs} ms`);
  assert.is(world.captures, 0);
});

deadlines("money captured behind a silent payment is refunded", async ({ stack }) => {
  const world = stack.standIns.book("mute");
  await stack.until(world, "COMPENSATED");
  assert.equal([world.captures, world.refunds], [1, 1]);
});

deadlines(
  "a payment that completes after its booking was undone is refunded",
  async ({ stack }) => {
    const world = stack.standIns.book("late");
    await stack.until(world, "COMPENSATED");
    stack.standIns.say(world.lateAnswer());
    const saga = await eventually(
      () => stack.saga(world),
      ({ state, timeline }) =>
        state === "COMPENSATED" && timeline.some(({ event }) => event === "PaymentCompleted"),
    );
    assert.ok(pathOf(saga).includes("PaymentCompleted: REFUNDING + RefundPayment"));
    assert.is(endOf(world), "undone");
  },
);

deadlines("a refund without an answer is asked for again and seen to hang", async ({ stack }) => {
  stack.standIns.hold("PaymentRefunded");
  const world = stack.standIns.book("captures");
  await stack.until(world, "COMPLETED");
  stack.standIns.say(world.cancelled());
  const hanging = await eventually(
    () => stack.saga(world),
    ({ attempts }) => attempts >= 3,
  );
  assert.is(hanging.state, "REFUNDING");
  assert.is(hanging.because, "the buyer cancelled");
  assert.ok(hanging.deadlineAt, "nobody would look again");
  assert.is(hanging.overdue, true);
  assert.is(hanging.next, "asks for the refund again");
  assert.is(await stack.metric("sagas_overdue"), 1);
  assert.ok((await stack.metric("sagas_longest_wait_seconds")) > 0);
  assert.equal(await overdueSagas(stack), [world.booking.sagaId]);
  const asked = hanging.timeline.filter(({ event }) => event === "deadlinePassed");
  assert.ok(asked.every(({ sent }) => sent.join() === "RefundPayment"));
  const pauses = asked.slice(1).map(({ at }, i) => Date.parse(at) - Date.parse(asked[i]!.at));
  assert.ok(pauses[1]! > pauses[0]!, `the pauses do not grow: ${pauses}`);
  stack.standIns.release();
  await stack.until(world, "COMPENSATED");
  assert.equal([world.captures, world.refunds], [1, 1]);
  assert.is(await stack.metric("sagas_overdue"), 0);
  assert.equal(await overdueSagas(stack), []);
});

async function overdueSagas({ harness, admin }: SagaStack): Promise<readonly string[]> {
  const path = "/api/sagas?overdue=true";
  const { body } = await harness.http<{ sagaId: string }[]>("saga", path, { token: admin });
  return body.map(({ sagaId }) => sagaId);
}

deadlines("a paid booking is asked for until it is confirmed", async ({ stack }) => {
  stack.standIns.hold("ReservationConfirmed");
  const world = stack.standIns.book("captures");
  await eventually(
    () => stack.saga(world),
    ({ state, attempts }) => state === "CONFIRMING" && attempts >= 2,
  );
  stack.standIns.release();
  await stack.until(world, "COMPLETED");
  assert.is(endOf(world), "paid");
});

deadlines("an operator's retry asks at once", async ({ stack }) => {
  stack.standIns.hold("ReservationCancelled");
  const world = stack.standIns.book("declines");
  await stack.until(world, "CANCELLING");
  const path = `/api/sagas/${world.booking.sagaId}/retry`;
  const answer = await stack.harness.http<{ timeline: { event: string; sent: string[] }[] }>(
    "saga",
    path,
    { method: "POST", token: stack.admin },
  );
  assert.is(answer.status, 200);
  const retried = answer.body.timeline.find(({ event }) => event === "retried");
  assert.equal(retried?.sent, ["CancelReservation"]);
  stack.standIns.release();
  await stack.until(world, "COMPENSATED");
  const late = await stack.harness.http("saga", path, { method: "POST", token: stack.admin });
  assert.equal([late.status, late.body.code], [409, "INVALID_STATE"]);
});

deadlines.run();
