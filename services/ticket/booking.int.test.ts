/** Buying through HTTP: the pass, the key, every refusal, and a queue that fails. */
import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reservation } from "../common/contracts/ticket.ts";
import { eventually } from "../common/testing/service-harness.ts";
import { buy, shopByHttp, startStage } from "./testing/stage.ts";
import { assertEquation, cutOff, inHours } from "./testing/ticket-database.ts";

const stage = await startStage();
const { queue } = stage;
const test = suite("booking");
test.after(() => stage.end());
test.after.each(async () => {
  queue.broken.clear();
  await assertEquation(stage.books);
});

test("a pass buys: 201, a place to look, and the saga hears of it", async () => {
  const shop = await shopByHttp(stage, { price: 49.9 });
  const bought = await buy<Reservation>(stage, shop, { userId: 5, quantity: 2 });
  assert.is(bought.status, 201, JSON.stringify(bought.body));
  const { id, sagaId, createdAt, updatedAt, ...rest } = bought.body;
  assert.equal(rest, {
    userId: 5,
    productId: shop.productId,
    productName: "Seat",
    quantity: 2,
    totalPrice: 99.8,
    status: "PENDING",
  });
  assert.ok(sagaId.startsWith("saga_") && createdAt === updatedAt);
  assert.is(bought.headers.get("location"), `/api/reservations/${id}`);
  const told = await eventually(
    async () => stage.heard.find((message) => message.sagaId === sagaId),
    (message) => message !== undefined,
  );
  assert.is(told?.type, "ReservationCreated");
  assert.equal(told?.data, { reservationId: id, userId: 5, amountCents: 9_980 });
  const token = await stage.token(5);
  const later = await eventually(
    () => stage.http<Reservation>("ticket", `/api/reservations/${id}`, { token }),
    (answer) => answer.body.status === "PAYMENT_PENDING",
  );
  assert.is(later.status, 200);
});

test("without a pass there is no purchase, with a wrong one neither", async () => {
  const shop = await shopByHttp(stage);
  const token = await stage.token(1);
  const body = { productId: shop.productId, quantity: 1 };
  const path = `/api/reservations?eventId=${shop.eventId}`;
  const without = await stage.http("ticket", path, { token, body });
  assert.is(without.status, 403);
  assert.is(without.body.code, "PASS_TOKEN_REQUIRED");
  const empty = await stage.http("ticket", path, { token, body, headers: { "x-pass-token": "" } });
  assert.is(empty.body.code, "PASS_TOKEN_REQUIRED");
  const other = await shopByHttp(stage);
  for (const pass of [
    "pass_made-up",
    queue.issue(shop.eventId, 2),
    queue.issue(other.eventId, 1),
  ]) {
    const answer = await buy(stage, shop, { pass });
    assert.is(answer.status, 403);
    assert.is(answer.body.code, "PASS_TOKEN_INVALID");
  }
});

test("a pass for one event does not buy another event's product", async () => {
  const [shop, other] = [await shopByHttp(stage), await shopByHttp(stage)];
  const pass = queue.issue(shop.eventId, 1);
  const crossed = { eventId: shop.eventId, productId: other.productId };
  const answer = await buy(stage, crossed, { pass });
  assert.is(answer.body.code, "PASS_TOKEN_INVALID");
  assert.ok(queue.isUsable(pass));
});

test("a pass buys once", async () => {
  const shop = await shopByHttp(stage);
  const pass = queue.issue(shop.eventId, 1);
  const answers = await Promise.all(Array.from({ length: 8 }, () => buy(stage, shop, { pass })));
  const statuses = answers.map((answer) => answer.status).sort();
  assert.equal(statuses, [201, 403, 403, 403, 403, 403, 403, 403]);
  assert.not.ok(queue.isUsable(pass));
});

test("a gate that forgets a spent pass sells nothing on it", async () => {
  const shop = await shopByHttp(stage);
  const pass = queue.issue(shop.eventId, 1);
  assert.is((await buy(stage, shop, { pass })).status, 201);
  queue.passes.get(pass)!.spentBy = undefined;
  const again = await buy(stage, shop, { pass });
  assert.is(again.body.code, "PASS_TOKEN_INVALID");
  assert.not.ok(queue.isUsable(pass), "and it stays spent");
});

test("every refusal has its code and leaves the pass usable", async () => {
  const shop = await shopByHttp(stage, { totalStock: 3, maxPerUser: 2 });
  const early = await shopByHttp(stage, {}, { saleStartAt: inHours(0.5) });
  const over = await shopByHttp(stage, {}, { saleEndAt: inHours(-0.1) });
  const ownWindow = await shopByHttp(stage, { saleStartAt: inHours(0.5) });
  const refusals = [
    [shop, { quantity: 3 }, 409, "PURCHASE_LIMIT"],
    [shop, { quantity: 4 }, 409, "OUT_OF_STOCK"],
    [{ ...shop, productId: 999_999 }, {}, 404, "NOT_FOUND"],
    [early, {}, 409, "SALE_NOT_OPEN"],
    [over, {}, 409, "SALE_NOT_OPEN"],
    [ownWindow, {}, 409, "SALE_NOT_OPEN"],
  ] as const;
  for (const [where, what, status, code] of refusals) {
    const pass = queue.issue(where.eventId, 1);
    const answer = await buy(stage, where, { ...what, pass });
    assert.is(answer.status, status, code);
    assert.is(answer.body.code, code);
    assert.ok(answer.headers.get("content-type")?.startsWith("application/problem+json"));
    assert.ok(queue.isUsable(pass), code);
  }
  const pass = queue.issue(shop.eventId, 1);
  assert.is((await buy(stage, shop, { pass, quantity: 4 })).status, 409);
  assert.is((await buy(stage, shop, { pass, quantity: 2 })).status, 201, "the same pass buys now");
});

test("64 buyers of 10 pieces: 10 served, 54 told, no pass burnt", async () => {
  const shop = await shopByHttp(stage, { totalStock: 10 });
  const passes = Array.from({ length: 64 }, (_, i) => queue.issue(shop.eventId, i + 1));
  const answers = await Promise.all(
    passes.map((pass, i) => buy(stage, shop, { pass, userId: i + 1 })),
  );
  const served = answers.filter((answer) => answer.status === 201);
  assert.is(served.length, 10);
  assert.is(answers.filter((answer) => answer.body.code === "OUT_OF_STOCK").length, 54);
  assert.is(passes.filter((pass) => queue.isUsable(pass)).length, 54);
});

test("a repeated request gets the first reservation, also with a spent and expired pass", async () => {
  const shop = await shopByHttp(stage, { totalStock: 1 });
  const [key, pass] = [randomUUID(), queue.issue(shop.eventId, 1)];
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => buy<Reservation>(stage, shop, { key, pass })),
  );
  const ids = new Set(answers.map((answer) => answer.body.id));
  assert.ok(answers.every((answer) => answer.status === 201));
  assert.is(ids.size, 1);
  const [id] = ids;
  queue.passes.get(pass)!.expired = true;
  const late = await buy(stage, shop, { key, pass });
  assert.is(late.status, 201);
  assert.is(late.body.id, id);
  assert.is(late.headers.get("location"), `/api/reservations/${id}`);
  queue.broken.add("redeemPass");
  assert.is((await buy(stage, shop, { key, pass })).body.id, id, "even without a queue");
});

test("a repetition that brings a fresh pass gets it back", async () => {
  const shop = await shopByHttp(stage);
  const key = randomUUID();
  const first = await buy(stage, shop, { key });
  const fresh = queue.issue(shop.eventId, 1);
  const again = await buy(stage, shop, { key, pass: fresh });
  assert.is(again.body.id, first.body.id);
  assert.ok(queue.isUsable(fresh));
});

test("a key names one purchase: another one is refused, whatever its pass", async () => {
  const shop = await shopByHttp(stage);
  const [key, pass] = [randomUUID(), queue.issue(shop.eventId, 1)];
  assert.is((await buy(stage, shop, { key, pass })).status, 201);
  const fresh = queue.issue(shop.eventId, 1);
  for (const given of [pass, fresh, "pass_made-up"]) {
    const answer = await buy(stage, shop, { key, pass: given, quantity: 2 });
    assert.is(answer.status, 409);
    assert.is(answer.body.code, "IDEMPOTENCY_CONFLICT");
  }
  assert.ok(queue.isUsable(fresh), "the fresh pass bought nothing");
  assert.not.ok(queue.isUsable(pass), "the first one did");
  assert.is((await buy(stage, shop, { key, userId: 2 })).status, 201, "keys are the user's own");
});

test("a queue that does not answer: 503, nothing reserved, and the pass comes back", async () => {
  const shop = await shopByHttp(stage);
  const pass = queue.issue(shop.eventId, 1);
  queue.broken.add("redeemPass");
  const answer = await buy(stage, shop, { pass });
  assert.is(answer.status, 503);
  assert.is(answer.body.code, "UNAVAILABLE");
  assert.ok(Number(answer.headers.get("retry-after")) >= 1);
  queue.broken.clear();
  assert.is((await buy(stage, shop, { pass })).status, 201);
});

test("a pass that cannot be given back at once is given back later", async () => {
  const shop = await shopByHttp(stage, { totalStock: 1 });
  const pass = queue.issue(shop.eventId, 1);
  queue.broken.add("restorePass");
  assert.is((await buy(stage, shop, { pass, quantity: 2 })).body.code, "OUT_OF_STOCK");
  assert.not.ok(queue.isUsable(pass));
  queue.broken.clear();
  await eventually(
    async () => queue.isUsable(pass),
    (usable) => usable,
  );
});

test("an administrator buys for a client, a client only for itself", async () => {
  const shop = await shopByHttp(stage);
  const own = await buy(stage, shop, { query: `eventId=${shop.eventId}&clientId=1` });
  assert.is(own.status, 201);
  const foreign = await buy(stage, shop, { query: `eventId=${shop.eventId}&clientId=2` });
  assert.is(foreign.body.code, "FORBIDDEN");
  const send = (clientId: string) =>
    stage.http("ticket", `/api/reservations?eventId=${shop.eventId}&clientId=${clientId}`, {
      token: stage.admin,
      headers: { "x-pass-token": queue.issue(shop.eventId, 7) },
      body: { productId: shop.productId, quantity: 1 },
    });
  assert.is((await send("7")).body.userId, 7);
  assert.is((await send("alice")).body.code, "VALIDATION_FAILED");
});

test("a database that goes away in the middle: 503, and the key tells what happened", async () => {
  const shop = await shopByHttp(stage);
  const [key, pass] = [randomUUID(), queue.issue(shop.eventId, 1)];
  const url = stage.databaseUrl("ticket");
  const cut = await cutOff(url, shop.productId, () => buy(stage, shop, { key, pass }));
  assert.is(cut.status, 503);
  assert.is(cut.body.code, "UNAVAILABLE");
  assert.ok(cut.headers.get("retry-after"));
  assert.not.ok(queue.isUsable(pass), "not given back: it may have bought");
  const again = await buy(stage, shop, { key, pass });
  assert.is(again.status, 201, "the same key goes on with the spent pass");
});

test("purchases are counted by outcome", async () => {
  const { body } = await stage.http<string>("ticket", "/metrics");
  for (const outcome of ["reserved", "replayed", "out_of_stock", "pass_invalid", "queue_silent"]) {
    assert.match(body, new RegExp(`reservations_total\\{[^}]*outcome="${outcome}"`));
  }
  assert.match(body, /outbox_backlog/);
});

test.run();
