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
