/** What the saga asks for over the bus, and what the buyer asks for meanwhile. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Message, MessageOf } from "../common/contracts/messages.ts";
import type { Reservation } from "../common/contracts/ticket.ts";
import { uuid } from "../common/ids.ts";
import { eventually } from "../common/testing/service-harness.ts";
import { buy, shopByHttp, startStage } from "./testing/stage.ts";
import { assertEquation } from "./testing/ticket-database.ts";

const stage = await startStage();
const test = suite("saga commands");
test.after(() => stage.end());
test.after.each(() => assertEquation(stage.books));

const dataOf = (one: Reservation) => ({
  reservationId: one.id,
  userId: one.userId,
  amountCents: Math.round(one.totalPrice * 100),
});
const head = (one: Reservation) => ({
  messageId: uuid(),
  sagaId: one.sagaId,
  occurredAt: new Date().toISOString(),
});
const confirm = (one: Reservation): MessageOf<"ConfirmReservation"> => ({
  ...head(one),
  type: "ConfirmReservation",
  data: dataOf(one),
});
const cancel = (one: Reservation, reason = "no money"): MessageOf<"CancelReservation"> => ({
  ...head(one),
  type: "CancelReservation",
  data: { ...dataOf(one), reason },
});

const token = await stage.token(1);
const look = (one: Reservation) =>
  stage.http<Reservation>("ticket", `/api/reservations/${one.id}`, { token });
const put = (one: Reservation) =>
  stage.http<Reservation & { code: string }>("ticket", `/api/reservations/${one.id}/cancel`, {
    method: "PUT",
    token,
  });
const answersTo = (one: Reservation): readonly Message[] =>
  stage.heard.filter(
    (message) => message.sagaId === one.sagaId && message.type !== "ReservationCreated",
  );
const hears = (one: Reservation, count: number) =>
  eventually(
    async () => answersTo(one),
    (all) => all.length === count,
  );
const available = async (productId: number) =>
  (await stage.http<{ availableStock: number }>("ticket", `/api/products/${productId}`)).body
    .availableStock;

async function bought() {
  const shop = await shopByHttp(stage, { totalStock: 5 });
  return { shop, one: (await buy<Reservation>(stage, shop, { quantity: 2 })).body };
}

test("a confirmation confirms, and a repeated message is not handled again", async () => {
  const { one } = await bought();
  const message = confirm(one);
  await stage.bus.publish(message);
  await stage.bus.publish(message);
  assert.is((await look(one)).body.status, "CONFIRMED");
  const [told] = await hears(one, 1);
  assert.is(told?.type, "ReservationConfirmed");
  assert.equal(told?.data, dataOf(one));
});

test("a confirmation asked for again is told again", async () => {
  const { one } = await bought();
  await stage.bus.publish(confirm(one));
  await stage.bus.publish(confirm(one));
  const told = await hears(one, 2);
  assert.ok(told.every((message) => message.type === "ReservationConfirmed"));
  assert.is(new Set(told.map((message) => message.messageId)).size, 2);
});

test("a cancellation gives the seats back once, however often it comes", async () => {
  const { shop, one } = await bought();
  assert.is(await available(shop.productId), 3);
  const message = cancel(one);
  await Promise.all([stage.bus.publish(message), stage.bus.publish(message)]);
  await stage.bus.publish(cancel(one, "another reason"));
  assert.is(await available(shop.productId), 5);
  assert.is((await look(one)).body.status, "CANCELLED");
  const told = await hears(one, 2);
  for (const message of told) {
    assert.is(message.type, "ReservationCancelled");
    assert.equal(message.data, { ...dataOf(one), reason: "no money" });
  }
});

test("a confirmation after a cancellation hears of the cancellation", async () => {
  const { shop, one } = await bought();
  assert.is((await put(one)).status, 200);
  await stage.bus.publish(confirm(one));
  const told = await hears(one, 2);
  assert.ok(told.every((message) => message.type === "ReservationCancelled"));
  assert.is((await look(one)).body.status, "CANCELLED");
  assert.is(await available(shop.productId), 5);
});

test("a confirmed reservation can be cancelled by saga and buyer, and the saga hears of it", async () => {
  for (const byBuyer of [true, false]) {
    const { shop, one } = await bought();
    await stage.bus.publish(confirm(one));
    if (byBuyer) assert.is((await put(one)).body.status, "CANCELLED");
    else await stage.bus.publish(cancel(one));
    const told = await hears(one, 2);
    assert.equal(told.map((message) => message.type).sort(), [
      "ReservationCancelled",
      "ReservationConfirmed",
    ]);
    assert.is(await available(shop.productId), 5);
  }
});

test("cancelling twice: the second is refused, the seats are back once", async () => {
  const { shop, one } = await bought();
  const answers = await Promise.all([put(one), put(one), put(one)]);
  assert.equal(answers.map((answer) => answer.status).sort(), [200, 409, 409]);
  assert.ok(answers.every(({ status, body }) => status === 200 || body.code === "INVALID_STATE"));
  assert.is(await available(shop.productId), 5);
  const [told] = await hears(one, 1);
  assert.equal(told?.data, { ...dataOf(one), reason: "cancelled by the buyer" });
});

test("a command for an unknown saga is left for later", async () => {
  const { one } = await bought();
  const stranger = { ...confirm(one), sagaId: "saga_unknown" };
  for (let attempt = 0; attempt < 2; attempt++) {
    const outcome = await stage.bus.publish(stranger).then(
      () => "taken",
      () => "refused",
    );
    assert.is(outcome, "refused");
  }
});

test.run();
