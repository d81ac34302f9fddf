/** Orders of the saga, whatever their order and number: one charge, one outcome, net zero where it is wanted. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../common/testing/service-harness.ts";
import {
  behave,
  booking,
  chargeOrder,
  HONEST,
  type PaymentStack,
  refundOrder,
  send,
  standing,
  startPayments,
  told,
} from "./payment-test-aids.ts";

let stack: PaymentStack;

test.before(async () => {
  stack = await startPayments();
});

test.after(() => stack.stop());

const hears = (sagaId: string, type: string, times = 1) =>
  eventually(
    async () => told(stack, sagaId),
    (types) => types.filter((one) => one === type).length >= times,
  );

test("an ordered charge is captured once and told with its transaction", async () => {
  const one = booking(101, 12_345);
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentCompleted");
  assert.equal(await standing(stack, one.sagaId), { status: "COMPLETED", moved: ["charge"] });
  const message = stack.heard.find(({ sagaId }) => sagaId === one.sagaId);
  assert.ok(message?.type === "PaymentCompleted");
  assert.is(message.data.amountCents, 12_345);
  assert.match(message.data.paymentId, /^pay_/);
  assert.match(message.data.transactionId, /^txn_/);
});

test("the same message again changes and says nothing", async () => {
  const one = booking(102);
  const order = chargeOrder(one);
  await Promise.all(Array.from({ length: 5 }, () => send(stack.bus, order)));
  await hears(one.sagaId, "PaymentCompleted");
  await send(stack.bus, order);
  // A later order's answer has come: an answer to the repetition would have come before it.
  await send(stack.bus, chargeOrder(booking(103)));
  await hears("saga_103", "PaymentCompleted");
  assert.equal(told(stack, one.sagaId), ["PaymentCompleted"]);
  assert.equal(await standing(stack, one.sagaId), { status: "COMPLETED", moved: ["charge"] });
});

test("a new order for a settled saga heals a lost answer and charges nothing", async () => {
  const one = booking(104);
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentCompleted");
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentCompleted", 2);
  assert.equal(await standing(stack, one.sagaId), { status: "COMPLETED", moved: ["charge"] });
});

test("a declined charge is told as failed, each time it is asked for", async () => {
  const one = booking(105);
  await behave(stack, { failurePercent: 100 });
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentFailed");
  await behave(stack, HONEST);
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentFailed", 2);
  await send(stack.bus, refundOrder(one));
  await hears(one.sagaId, "PaymentFailed", 3);
  assert.equal(await standing(stack, one.sagaId), { status: "FAILED", moved: [] });
});

test("a refund before the charge keeps the charge from ever happening", async () => {
  const one = booking(106);
  await send(stack.bus, refundOrder(one));
  await hears(one.sagaId, "PaymentFailed");
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentFailed", 2);
  assert.equal(told(stack, one.sagaId), ["PaymentFailed", "PaymentFailed"]);
  assert.equal(await standing(stack, one.sagaId), { status: "FAILED", moved: [] });
});

test("a refund after the charge brings the money back once, however often it is ordered", async () => {
  const one = booking(107);
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentCompleted");
  await Promise.all(Array.from({ length: 6 }, () => send(stack.bus, refundOrder(one))));
  await hears(one.sagaId, "PaymentRefunded");
  await send(stack.bus, refundOrder(one));
  await hears(one.sagaId, "PaymentRefunded", 2);
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentRefunded", 3);
  assert.equal(await standing(stack, one.sagaId), {
    status: "REFUNDED",
    moved: ["charge", "refund"],
  });
});

test("a refund during a charge that is answered late ends in net zero, and both are told", async () => {
  const one = booking(108);
  await behave(stack, { latePercent: 100, lateMs: 250 });
  await send(stack.bus, chargeOrder(one));
  await eventually(
    () => standing(stack, one.sagaId),
    ({ moved }) => moved.length === 1,
  );
  await send(stack.bus, refundOrder(one));
  await hears(one.sagaId, "PaymentRefunded");
  await behave(stack, HONEST);
  assert.equal([...told(stack, one.sagaId)].sort(), ["PaymentCompleted", "PaymentRefunded"]);
  assert.equal(await standing(stack, one.sagaId), {
    status: "REFUNDED",
    moved: ["charge", "refund"],
  });
});

test("a refund during a charge that vanished forbids it: failed, nothing moved", async () => {
  const one = booking(109);
  await behave(stack, { silentPercent: 100 });
  await send(stack.bus, chargeOrder(one));
  await eventually(
    () => standing(stack, one.sagaId),
    ({ status }) => status === "PROCESSING",
  );
  await send(stack.bus, refundOrder(one));
  await hears(one.sagaId, "PaymentFailed");
  await behave(stack, HONEST);
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentFailed", 2);
  assert.equal(await standing(stack, one.sagaId), { status: "FAILED", moved: [] });
});

test("an answer after the timeout is found by asking, and never told as failed", async () => {
  const one = booking(110);
  await behave(stack, { latePercent: 100, lateMs: 60_000 });
  await send(stack.bus, chargeOrder(one));
  await hears(one.sagaId, "PaymentCompleted");
  await behave(stack, HONEST);
  assert.equal(told(stack, one.sagaId), ["PaymentCompleted"]);
  assert.equal(await standing(stack, one.sagaId), { status: "COMPLETED", moved: ["charge"] });
});

test("silence is not a failure: the charge is made once the provider hears it", async () => {
  const one = booking(111);
  await behave(stack, { silentPercent: 100 });
  await send(stack.bus, chargeOrder(one));
  const metric = async () => (await stack.http<string>("payment", "/metrics")).body;
  await eventually(metric, (text) => /payment_outcomes_unknown\{[^}]*\} 1\n/.test(text));
  assert.equal(told(stack, one.sagaId), []);
  assert.equal(await standing(stack, one.sagaId), { status: "PROCESSING", moved: [] });
  await behave(stack, HONEST);
  await hears(one.sagaId, "PaymentCompleted");
  assert.equal(await standing(stack, one.sagaId), { status: "COMPLETED", moved: ["charge"] });
  assert.ok(/payment_outcomes_unknown\{[^}]*\} 0\n/.test(await metric()));
});

test.run();
