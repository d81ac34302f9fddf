/** What the saga's service does when nobody answers in time, on real PostgreSQL and a real bus. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../common/testing/service-harness.ts";
import { endOf, pathOf, type SagaStack, startSagaStack } from "./testing/saga-stack.ts";

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
