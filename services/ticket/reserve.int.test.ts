/** The promises of reserve() on a real PostgreSQL, under concurrency. */
import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import { parseMessage } from "../common/contracts/messages.ts";
import { sql } from "../common/database.ts";
import { markEventCancelled } from "./catalogue-store.ts";
import { markCancelled } from "./reservation-change-store.ts";
import { type ReserveRequest, reserve } from "./reservation-store.ts";
import { aRequest, assertEquation, openShop, ticketDatabase } from "./testing/ticket-database.ts";

const { database, drop } = await ticketDatabase();
const test = suite("reserve");
test.after(drop);
test.after.each(() => assertEquation(database));

const one = async (request: ReserveRequest) => (await reserve(database, [request]))[0]!;
const stockRow = z.object({ stock: z.int() });
const availableOf = async (productId: number) =>
  (
    await database.one(sql.type(stockRow)`
      select available_stock as stock from product where id = ${productId}`)
  ).stock;
const tally = (verdicts: readonly { readonly verdict: string }[]) =>
  Object.fromEntries(
    [...Map.groupBy(verdicts, (v) => v.verdict)].map(([verdict, all]) => [verdict, all.length]),
  );

test("takes the seats, and writes the reservation with its message", async () => {
  const shop = await openShop(database, { stock: 5, priceCents: 1_999 });
  const request = aRequest(shop, { userId: 8, quantity: 3 });
  const verdict = await one(request);
  assert.ok(verdict.verdict === "RESERVED");
  assert.is(verdict.reservation.totalCents, 5_997);
  assert.is(verdict.reservation.status, "PENDING");
  assert.is(verdict.reservation.sagaId, request.sagaId);
  assert.is(verdict.passSpent, true);
  assert.is(await availableOf(shop.productId), 2);
  const row = await database.one(sql.type(z.object({ body: z.unknown() }))`
    select body from outbox where message_id = ${request.messageId}`);
  assert.equal(parseMessage(row.body), {
    messageId: request.messageId,
    sagaId: request.sagaId,
    type: "ReservationCreated",
    occurredAt: request.occurredAt,
    data: { reservationId: verdict.reservation.id, userId: 8, amountCents: 5_997 },
  });
});

test("64 at once for 10 pieces: 10 are sold and 54 hear that it is sold out", async () => {
  const shop = await openShop(database, { stock: 10 });
  const verdicts = await Promise.all(
    Array.from({ length: 64 }, (_, index) => one(aRequest(shop, { userId: index + 1 }))),
  );
  assert.equal(tally(verdicts), { RESERVED: 10, OUT_OF_STOCK: 54 });
  assert.is(await availableOf(shop.productId), 0);
});

test("a buyer's limit holds when all requests come at once", async () => {
  const shop = await openShop(database, { stock: 100, maxPerUser: 5 });
  const verdicts = await Promise.all(
    Array.from({ length: 20 }, () => one(aRequest(shop, { userId: 77, quantity: 2 }))),
  );
  assert.equal(tally(verdicts), { RESERVED: 2, PURCHASE_LIMIT: 18 });
});

test("what was cancelled does not count for the limit", async () => {
  const shop = await openShop(database, { stock: 10, maxPerUser: 2 });
  const first = await one(aRequest(shop, { quantity: 2 }));
  assert.ok(first.verdict === "RESERVED");
  assert.is((await one(aRequest(shop))).verdict, "PURCHASE_LIMIT");
  await database.transaction((tx) =>
    markCancelled(tx, [{ id: first.reservation.id, reason: "test" }]),
  );
  assert.is((await one(aRequest(shop))).verdict, "RESERVED");
});

test("one key 20 times at once makes one reservation", async () => {
  // One piece: a repetition must not hear that its own purchase has sold the product out.
  const shop = await openShop(database, { stock: 1 });
  const key = { idempotencyKey: randomUUID(), passToken: `pass_${randomUUID()}` };
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => one(aRequest(shop, key))));
  assert.equal(tally(verdicts), { RESERVED: 1, REPLAYED: 19 });
  const ids = verdicts.map((v) => ("reservation" in v ? v.reservation.id : 0));
  assert.is(new Set(ids).size, 1);
});

test("a key belongs to its user, and to one request", async () => {
  const shop = await openShop(database, { stock: 10 });
  const other = await openShop(database, { stock: 10 });
  const idempotencyKey = randomUUID();
  assert.is((await one(aRequest(shop, { idempotencyKey }))).verdict, "RESERVED");
  assert.is((await one(aRequest(shop, { idempotencyKey, userId: 2 }))).verdict, "RESERVED");
  for (const changed of [
    aRequest(shop, { idempotencyKey, quantity: 2 }),
    aRequest(other, { idempotencyKey }),
    aRequest({ ...shop, eventId: other.eventId }, { idempotencyKey }),
    aRequest({ ...shop, productId: 999_999 }, { idempotencyKey }),
  ]) {
    const verdict = await one(changed);
    assert.is(verdict.verdict, "IDEMPOTENCY_CONFLICT");
    assert.is(verdict.passSpent, false, "a fresh pass is given back");
  }
});

test("one key for two products at once buys one of them", async () => {
  // Enough of each: the same one may win every time.
  const shops = [await openShop(database, { stock: 10 }), await openShop(database, { stock: 10 })];
  for (let round = 0; round < 10; round++) {
    const idempotencyKey = randomUUID();
    const verdicts = await Promise.all(
      shops.map((shop) => one(aRequest(shop, { idempotencyKey, userId: 100 + round }))),
    );
    assert.equal(tally(verdicts), { RESERVED: 1, IDEMPOTENCY_CONFLICT: 1 });
  }
});

test("a refused key is free again", async () => {
  const shop = await openShop(database, { stock: 1, maxPerUser: 3 });
  const idempotencyKey = randomUUID();
  assert.is((await one(aRequest(shop, { idempotencyKey, quantity: 2 }))).verdict, "OUT_OF_STOCK");
  assert.is((await one(aRequest(shop, { idempotencyKey }))).verdict, "RESERVED");
});

test("a pass buys once, even when its gate has forgotten that it was spent", async () => {
  const shops = [await openShop(database, { stock: 9 }), await openShop(database, { stock: 9 })];
  const passToken = `pass_${randomUUID()}`;
  const verdicts = await Promise.all(
    Array.from({ length: 10 }, (_, index) => one(aRequest(shops[index % 2]!, { passToken }))),
  );
  assert.equal(tally(verdicts), { RESERVED: 1, PASS_USED: 9 });
  assert.ok(verdicts.every((verdict) => verdict.passSpent));
});

test("the same statement sent twice is one purchase", async () => {
  const shop = await openShop(database, { stock: 9 });
  const request = aRequest(shop);
  assert.is((await one(request)).verdict, "RESERVED");
  assert.is((await one(request)).verdict, "REPLAYED");
  assert.is(await availableOf(shop.productId), 8);
});

test("says why nothing was sold", async () => {
  const shop = await openShop(database, { stock: 3, maxPerUser: 2 });
  const early = await openShop(database, { stock: 3 }, { startsIn: 0.5 });
  const late = await openShop(database, { stock: 3 }, { startsIn: -2, endsIn: -1 });
  const cancelled = await openShop(database, { stock: 3 });
  await database.transaction((tx) => markEventCancelled(tx, cancelled.eventId));
  const refused: readonly (readonly [string, ReserveRequest])[] = [
    ["NOT_FOUND", aRequest({ ...shop, productId: 999_999 })],
    ["WRONG_EVENT", aRequest({ ...shop, eventId: early.eventId })],
    ["SALE_NOT_OPEN", aRequest(early)],
    ["SALE_NOT_OPEN", aRequest(late)],
    ["SALE_NOT_OPEN", aRequest(cancelled)],
    ["OUT_OF_STOCK", aRequest(shop, { quantity: 4 })],
    ["PURCHASE_LIMIT", aRequest(shop, { quantity: 3 })],
  ];
  for (const [expected, request] of refused) {
    const verdict = await one(request);
    assert.is(verdict.verdict, expected);
    assert.is(verdict.passSpent, false);
  }
  assert.is(await availableOf(shop.productId), 3);
});

test("no sale slips in after an event's cancellation", async () => {
  const shop = await openShop(database, { stock: 1_000 });
  const buying = Array.from({ length: 60 }, (_, index) =>
    one(aRequest(shop, { userId: index + 1 })),
  );
  await database.transaction((tx) => markEventCancelled(tx, shop.eventId));
  const live = sql.type(z.object({ count: z.int() }))`
    select count(*)::int as count from reservation where product_id = ${shop.productId}`;
  const atOnce = (await database.one(live)).count;
  await Promise.all(buying);
  assert.is((await database.one(live)).count, atOnce);
});

test.run();
