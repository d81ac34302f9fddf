/** Events from Stripe: who is believed, and that an event makes us ask instead of telling us. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Payment } from "../../common/contracts/payment.ts";
import { openDatabase } from "../../common/database.ts";
import { LIMITS } from "../../common/limits.ts";
import { eventually } from "../../common/testing/service-harness.ts";
import {
  booking,
  chargeOrder,
  refundOrder,
  send,
  startPayments,
  told,
} from "../payment-test-aids.ts";
import { firstSight } from "./stripe-store.ts";
import { movedBy } from "./testing/stripe-scene.ts";
import { type StripeServer, signedEvent } from "./testing/stripe-server.ts";
import { type StripeStack, startStripePayments, WEBHOOK_PATH } from "./testing/stripe-stack.ts";

let stack: StripeStack;

test.before(async () => {
  stack = await startStripePayments({ settings: { STRIPE_PAYMENT_METHOD: "pm_test_slow" } });
});

test.after(() => stack.stop());

async function paymentOf(reservationId: number): Promise<Payment | undefined> {
  const path = `/api/payments?reservationId=${reservationId}`;
  const { body } = await stack.http<Payment[]>("payment", path, { token: stack.admin });
  return body[0];
}

const becomes = (reservationId: number, status: string, withinMs?: number) =>
  eventually(
    () => paymentOf(reservationId),
    (payment) => payment?.status === status,
    withinMs,
  );

const intentOf = (server: StripeServer, sagaId: string) =>
  [...server.books.intents.values()].find((one) => one.metadata.sagaId === sagaId);

const retrievals = () => stack.server.requests.filter((one) => one.method === "GET").length;

/** Ordered, sent to Stripe, which has not decided; asked so often that the next question is late. */
async function undecided(reservationId: number) {
  const one = booking(reservationId);
  await send(stack.bus, chargeOrder(one));
  const before = retrievals();
  await eventually(
    async () => retrievals() - before,
    (asked) => asked >= 4,
    30_000,
  );
  const intent = intentOf(stack.server, one.sagaId);
  assert.is(intent?.status, "processing");
  return { ...one, intentId: intent?.id ?? "" };
}

const succeeded = (intentId: string) => ({
  type: "payment_intent.succeeded",
  object: { object: "payment_intent", id: intentId, status: "succeeded" },
});

test("an event that Stripe has not signed, or not just now, is refused and changes nothing", async () => {
  const event = succeeded("pi_1");
  const { body, signature } = signedEvent(event);
  const old = signedEvent(event, { ageSeconds: 301 });
  const forged = signedEvent(event, { secret: "whsec_other" });
  const cases: readonly [string, Readonly<Record<string, string>>][] = [
    [body, {}],
    [body, { "stripe-signature": "" }],
    [body, { "stripe-signature": "t=1,v1=00" }],
    [body, { "stripe-signature": forged.signature }],
    [body.replace("pi_1", "pi_2"), { "stripe-signature": signature }],
    [old.body, { "stripe-signature": old.signature }],
  ];
  for (const [sent, headers] of cases) {
    const answer = await stack.tellRaw(sent, headers);
    assert.is(answer.status, 400);
    assert.match(answer.type ?? "", "application/problem+json");
    assert.is(answer.body.code, "VALIDATION_FAILED");
    assert.match(String(answer.body.detail), "stripe-signature");
  }
  assert.is(await seen(), 0);
});

/** Events that were marked. */
async function seen(): Promise<number> {
  const database = await openDatabase({ url: stack.databaseUrl("payment"), poolSize: 1 });
  const { sql } = await import("../../common/database.ts");
  const { rowCount } = await database.query(sql.unsafe`select id from stripe_event`);
  await database.end();
  return rowCount;
}

test("what is signed and no event of a payment is taken and forgotten, or refused in words", async () => {
  assert.is(await stack.tell({ type: "customer.created", object: { object: "customer" } }), 200);
  assert.is(await stack.tell({ type: "charge.updated", object: { object: "charge" } }), 200);
  assert.is(await seen(), 0);
  assert.is(await stack.tell({ type: "payment_intent.created", object: 7 }), 400);
  const long = { object: "charge", text: "x".repeat(LIMITS.webhookBytes) };
  assert.is(await stack.tell({ type: "charge.updated", object: long }), 413);
  const form = await stack.tellRaw("a=b", { "content-type": "application/x-www-form-urlencoded" });
  assert.is(form.status, 415);
  assert.is((await stack.http("payment", WEBHOOK_PATH)).status, 404);
});

test("an event makes the service ask, and the answer decides, not the event", async () => {
  const { reservationId, intentId, sagaId } = await undecided(1);
  const before = retrievals();
  assert.is(await stack.tell(succeeded(intentId)), 200);
  // Sooner than its back-off of 8 s would have asked.
  await eventually(
    async () => retrievals(),
    (asked) => asked > before,
    6_000,
  );
  assert.is((await paymentOf(reservationId))?.status, "PROCESSING");
  assert.equal(told(stack, sagaId), []);
  stack.server.books.capture(intentId);
  const again = { ...succeeded(intentId), id: "evt_captured" };
  for (const _ of [1, 2, 3]) assert.is(await stack.tell(again), 200);
  await becomes(reservationId, "COMPLETED", 6_000);
  assert.equal(movedBy(stack.server, sagaId), { charges: 1, netCents: 4_990 });
  await eventually(
    async () => told(stack, sagaId),
    (types) => types.length > 0,
  );
  assert.equal(told(stack, sagaId), ["PaymentCompleted"]);
  assert.is(await seen(), 2);
});

test("money captured after its saga was cancelled goes back, once", async () => {
  const { reservationId, intentId, sagaId, ...order } = await undecided(2);
  await send(stack.bus, refundOrder({ reservationId, sagaId, ...order }));
  // Stripe cannot cancel what it is deciding, so the outcome stays open …
  await eventually(
    async () =>
      stack.server.requests.some(({ path }) => path === `/v1/payment_intents/${intentId}/cancel`),
    Boolean,
  );
  assert.is((await paymentOf(reservationId))?.status, "PROCESSING");
  // … until it says that it was too late.
  stack.server.books.capture(intentId);
  assert.is(await stack.tell(succeeded(intentId)), 200);
  await becomes(reservationId, "REFUNDED");
  assert.equal(movedBy(stack.server, sagaId), { charges: 1, netCents: 0 });
  await eventually(
    async () => told(stack, sagaId),
    (types) => types.includes("PaymentRefunded"),
  );
  const refunds = stack.server.books.refunds.filter((one) => one.payment_intent === intentId);
  assert.is(refunds.length, 1);
  for (const refund of refunds) {
    assert.is(await stack.tell({ type: "refund.updated", object: refund }), 200);
  }
  assert.equal(movedBy(stack.server, sagaId), { charges: 1, netCents: 0 });
});

test("an event has its effect once, also when it comes twice at the same moment", async () => {
  const database = await openDatabase({ url: stack.databaseUrl("payment"), poolSize: 6 });
  const sights = await Promise.all(
    Array.from({ length: 6 }, () => database.transaction((tx) => firstSight(tx, "evt_many"))),
  );
  await database.end();
  assert.equal(sights.filter(Boolean), [true]);
});

test("with Stripe there is no simulated provider to change, and without it no endpoint for events", async () => {
  for (const call of [{}, { method: "PATCH", body: { failurePercent: 100 } }]) {
    const { status, body } = await stack.http("payment", "/api/admin/provider", {
      token: stack.admin,
      ...call,
    });
    assert.is(status, 409);
    assert.is(body.code, "INVALID_STATE");
    assert.match(String(body.detail), "PAYMENT_PROVIDER");
  }
  const ledger = await stack.http("payment", "/api/admin/ledger", { token: stack.admin });
  assert.is(ledger.status, 409);
  const simulated = await startPayments();
  const { body, signature } = signedEvent(succeeded("pi_1"));
  const headers = { "stripe-signature": signature };
  assert.is((await simulated.http("payment", WEBHOOK_PATH, { body, headers })).status, 404);
  await simulated.stop();
});

test.run();
