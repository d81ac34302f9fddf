/** Cancelling an event: every live reservation is compensated, also across a restart. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CancellationProgress, SaleEvent } from "../common/contracts/ticket.ts";
import { openDatabase } from "../common/database.ts";
import { eventually } from "../common/testing/service-harness.ts";
import { markEventCancelled } from "./catalogue-store.ts";
import { reserve } from "./reservation-store.ts";
import { buy, type Stage, shopByHttp, startStage } from "./testing/stage.ts";
import { aRequest, assertEquation, openShop, type Shop } from "./testing/ticket-database.ts";

const test = suite("event cancellation");

interface Progress {
  readonly event: SaleEvent;
  readonly remaining: number;
  readonly cancelled: number;
}

const cancelEvent = (stage: Stage, shop: Shop) =>
  stage.http<Progress>("ticket", `/api/events/${shop.eventId}/cancel`, {
    method: "POST",
    token: stage.admin,
  });

const progressOf = (stage: Stage, eventId: number) =>
  stage.http<CancellationProgress & { code?: string }>(
    "ticket",
    `/api/events/${eventId}/cancellation`,
    { token: stage.admin },
  );

const cancellations = (stage: Stage) =>
  stage.heard.filter((message) => message.type === "ReservationCancelled");

test("all live reservations are cancelled, told of once, and the stock is whole", async () => {
  const stage = await startStage();
  try {
    const other = await shopByHttp(stage);
    const shop = await openShop(stage.books, { stock: 1_000, maxPerUser: 100 });
    const requests = Array.from({ length: 600 }, (_, i) => aRequest(shop, { userId: i + 1 }));
    await reserve(stage.books, requests);
    await buy(stage, other);
    assert.is((await progressOf(stage, shop.eventId)).body.code, "INVALID_STATE");
    assert.is((await progressOf(stage, 999_999)).body.code, "NOT_FOUND");
    const first = await cancelEvent(stage, shop);
    assert.is(first.status, 200);
    const begun = (await progressOf(stage, shop.eventId)).body;
    assert.is(begun.total, 600);
    assert.is(begun.remaining + begun.cancelled, 600);
    assert.is(first.body.event.status, "CANCELLED");
    assert.is(first.body.remaining + first.body.cancelled, 600);
    const last = await eventually(
      () => cancelEvent(stage, shop),
      (answer) => answer.body.remaining === 0,
    );
    assert.is(last.body.cancelled, 600);
    const { body: settled } = await eventually(
      () => progressOf(stage, shop.eventId),
      (answer) => answer.body.done,
    );
    const { settledAt, requestedAt, ...counts } = settled;
    assert.equal(counts, { total: 600, cancelled: 600, remaining: 0, done: true });
    assert.is(requestedAt, begun.requestedAt);
    assert.ok(settledAt !== null && settledAt > requestedAt);
    assert.is(last.body.event.updatedAt, first.body.event.updatedAt, "cancelled once");
    await eventually(
      async () => cancellations(stage).length,
      (count) => count === 600,
    );
    const sagas = new Set(cancellations(stage).map((message) => message.sagaId));
    assert.is(sagas.size, 600);
    assert.ok(
      requests.every((request) => sagas.has(request.sagaId)),
      "and no other event's",
    );
    await assertEquation(stage.books);
    const bought = await buy(stage, shop);
    assert.is(bought.body.code, "SALE_NOT_OPEN");
  } finally {
    await stage.end();
  }
});

test("a restart goes on with what is left", async () => {
  const before = await startStage({ saga: false });
  const shop = await openShop(before.books, { stock: 50, maxPerUser: 50 });
  await reserve(
    before.books,
    Array.from({ length: 30 }, (_, index) => aRequest(shop, { userId: index + 1 })),
  );
  await before.end({ keepDatabase: true });
  // As if the process had died right after the cancellation was committed.
  const database = await openDatabase({ url: before.databaseUrl("ticket"), poolSize: 1 });
  await database.transaction((tx) => markEventCancelled(tx, shop.eventId));
  await database.end();
  const after = await startStage({ database: before.database });
  try {
    await eventually(
      async () => cancellations(after).length,
      (count) => count === 30,
    );
    assert.is((await cancelEvent(after, shop)).body.remaining, 0);
    await assertEquation(after.books);
  } finally {
    await after.end();
  }
});

test.run();
