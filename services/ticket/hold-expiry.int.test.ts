/** The hold deadline: nobody holds seats for ever, and nobody pays for seats that went back. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import { type Message, parseMessage } from "../common/contracts/messages.ts";
import { sql } from "../common/database.ts";
import { armFailpoints, parseFailpoints } from "../common/failpoints.ts";
import { uuid } from "../common/ids.ts";
import { createLog } from "../common/log.ts";
import { eventually } from "../common/testing/service-harness.ts";
import { HoldExpiry } from "./hold-expiry.ts";
import { lookAhead, releaseHolds } from "./hold-store.ts";
import type { Reservation } from "./reservation.ts";
import { lockReservations, markPaymentPending } from "./reservation-change-store.ts";
import { cancelForBuyer, handleSagaCommands } from "./reservation-changes.ts";
import { findReservations, reserve } from "./reservation-store.ts";
import {
  aRequest,
  assertEquation,
  changesOf,
  openShop,
  type Shop,
  ticketDatabase,
} from "./testing/ticket-database.ts";

const { database, drop } = await ticketDatabase();
const test = suite("hold deadline");
test.after(drop);
test.after.each(() => assertEquation(database));

const HOLD_SECONDS = 300;
const changes = changesOf(database);
const log = createLog("silent");
const released: number[] = [];
const expiry = new HoldExpiry({
  ...{ database, changes, log, holdSeconds: HOLD_SECONDS },
  onReleased: (count) => released.push(count),
});

async function sweepAll(one = expiry): Promise<void> {
  while (await one.sweep());
}

/** Reservations of different buyers, made so many seconds ago. */
async function held(shop: Shop, count: number, secondsAgo: number): Promise<Reservation[]> {
  const requests = Array.from({ length: count }, (_, i) => aRequest(shop, { userId: i + 1 }));
  const verdicts = await reserve(database, requests);
  const made = verdicts.map((one) => {
    assert.ok(one.verdict === "RESERVED", one.verdict);
    return one.reservation;
  });
  await database.query(sql.unsafe`
    update reservation set created_at = created_at - make_interval(secs => ${secondsAgo})
    where id = any(${sql.array(
      made.map((reservation) => reservation.id),
      "int4",
    )})`);
  return made;
}

const statusOf = async ({ id }: Reservation) =>
  (await findReservations(database, [id])).get(id)?.status;
const bodyRow = z.object({ body: z.unknown() });

/** What the saga will hear of a reservation, in the order it was written. */
async function told({ sagaId }: Reservation): Promise<readonly Message[]> {
  const rows = await database.any(sql.type(bodyRow)`
    select body from outbox where saga_id = ${sagaId} order by created_at, type desc`);
  return rows.map((row) => parseMessage(row.body));
}

/** Somebody else's transaction holds the reservation during `work`. */
async function whileLocked({ id }: Reservation, work: () => Promise<void>): Promise<void> {
  const locked = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const holding = database.transaction(async (tx) => {
    await lockReservations(tx, { ids: [id] });
    locked.resolve();
    await done.promise;
  });
  await locked.promise;
  await work().finally(() => done.resolve());
  await holding;
}

function confirmation(one: Reservation): Message {
  const data = { reservationId: one.id, userId: one.userId, amountCents: one.totalCents };
  const head = { messageId: uuid(), sagaId: one.sagaId, occurredAt: new Date().toISOString() };
  return { ...head, type: "ConfirmReservation", data };
}

test("what is held for too long goes back, with what the saga must hear of it", async () => {
  const shop = await openShop(database, { stock: 10 });
  const [unheard, charged, paid, cancelled] = await held(shop, 4, HOLD_SECONDS + 1);
  const [young] = await held(await openShop(database, { stock: 1 }), 1, HOLD_SECONDS - 30);
  assert.ok(unheard && charged && paid && cancelled && young);
  await database.transaction((tx) => markPaymentPending(tx, [charged.sagaId, paid.sagaId]));
  await handleSagaCommands(changes, [confirmation(paid)]);
  await cancelForBuyer(changes, cancelled.id, cancelled.userId);
  await sweepAll();
  assert.equal(await Promise.all([unheard, charged, paid, cancelled, young].map(statusOf)), [
    ...["CANCELLED", "CANCELLED", "CONFIRMED", "CANCELLED", "PENDING"],
  ]);
  for (const one of [unheard, charged]) {
    const [created, last, ...more] = await told(one);
    assert.equal(more, []);
    assert.is(created?.type, "ReservationCreated");
    assert.is(last?.type, "ReservationCancelled");
    assert.equal(last?.data, {
      reservationId: one.id,
      userId: one.userId,
      amountCents: 4_990,
      reason: "held for too long",
    });
    assert.match(last?.messageId ?? "", /^msg_[0-9a-f-]{36}$/);
    assert.ok(Math.abs(Date.parse(last?.occurredAt ?? "") - Date.now()) < 60_000);
  }
  assert.equal(released, [2]);
  assert.is((await told(cancelled)).length, 2, "nothing is said twice");
});

test("a release and a confirmation at once: one wins, and the saga hears which", async () => {
  const shop = await openShop(database, { stock: 60 });
  const all = await held(shop, 60, HOLD_SECONDS + 1);
  await database.transaction((tx) =>
    markPaymentPending(
      tx,
      all.map((one) => one.sagaId),
    ),
  );
  const others = [1, 2].map(
    () =>
      new HoldExpiry({ database, changes, log, holdSeconds: HOLD_SECONDS, onReleased: () => {} }),
  );
  await Promise.all([
    ...all.map((one) => handleSagaCommands(changes, [confirmation(one)])),
    ...[expiry, ...others].map((one) => one.sweep()),
  ]);
  await sweepAll();
  const ends = new Map<string, number>();
  for (const one of all) {
    const status = await statusOf(one);
    assert.ok(status === "CONFIRMED" || status === "CANCELLED", status);
    ends.set(status, (ends.get(status) ?? 0) + 1);
    const heard = (await told(one)).map((message) => message.type).slice(1);
    // A confirmation that came too late is told of the cancellation once more: the saga refunds.
    const wanted = status === "CONFIRMED" ? "ReservationConfirmed" : "ReservationCancelled";
    assert.ok(heard.length > 0 && heard.every((type) => type === wanted), `${status}: ${heard}`);
  }
  assert.is((ends.get("CONFIRMED") ?? 0) + (ends.get("CANCELLED") ?? 0), 60);
});

test("whoever holds the row first wins: the other finds it ended", async () => {
  const shop = await openShop(database, { stock: 2 });
  const [late, early] = await held(shop, 2, HOLD_SECONDS + 1);
  assert.ok(late && early);
  const release = (ids: readonly number[]) =>
    releaseHolds(database, {
      ...{ productId: shop.productId, ids, holdSeconds: HOLD_SECONDS },
      occurredAt: new Date().toISOString(),
    });
  await whileLocked(early, async () => {
    assert.is(await release([late.id, early.id]), 1, "a row that is being changed is left");
  });
  await handleSagaCommands(changes, [confirmation(early)]);
  await handleSagaCommands(changes, [confirmation(late)]);
  assert.equal([await statusOf(late), await statusOf(early)], ["CANCELLED", "CONFIRMED"]);
  assert.is(await release([late.id, early.id]), 0);
  const heard = (await told(late)).map((message) => message.type);
  assert.equal(heard.slice(1), ["ReservationCancelled", "ReservationCancelled"]);
});

test("a hold that somebody is changing is not passed over", async () => {
  const shop = await openShop(database, { stock: 3 });
  const [first, second] = await held(shop, 2, HOLD_SECONDS + 1);
  assert.ok(first && second);
  await whileLocked(first, async () => {
    await sweepAll();
    assert.is(await statusOf(second), "CANCELLED");
  });
  assert.is(await statusOf(first), "PENDING");
  await sweepAll();
  assert.is(await statusOf(first), "CANCELLED");
});

test("what has ended is not read again, and what is young is not passed", async () => {
  const shop = await openShop(database, { stock: 5 });
  await held(shop, 3, HOLD_SECONDS + 1);
  const [young] = await held(await openShop(database, { stock: 1 }), 1, 0);
  const [old] = await held(await openShop(database, { stock: 1 }), 1, HOLD_SECONDS + 1);
  assert.ok(young && old);
  await sweepAll();
  assert.is(await statusOf(old), "CANCELLED", "ids are nearly in the order of age, not quite");
  const next = await lookAhead(database, HOLD_SECONDS, 1_000);
  assert.is(next.seen >= 2, true);
  assert.equal(next.due, []);
  assert.ok(next.sweptId < young.id);
  assert.is(next.allEnded, false);
});

test("a process that has just started waits for what the saga has decided meanwhile", async () => {
  const [one] = await held(await openShop(database, { stock: 1 }), 1, HOLD_SECONDS + 1);
  assert.ok(one);
  const patient = new HoldExpiry({
    database,
    changes,
    log,
    holdSeconds: HOLD_SECONDS,
    onReleased: () => {},
  });
  patient.start();
  await patient.stop();
  assert.is(await statusOf(one), "PENDING");
  const prompt = new HoldExpiry({
    ...{ database, changes, log, holdSeconds: HOLD_SECONDS, graceMs: 0, onReleased: () => {} },
  });
  prompt.start();
  await eventually(
    () => statusOf(one),
    (status) => status === "CANCELLED",
  );
  await prompt.stop();
});

test("a sweep that dies between two products has released the first, once, and the next goes on", async () => {
  const shops = [await openShop(database, { stock: 2 }), await openShop(database, { stock: 2 })];
  const all = (await Promise.all(shops.map((shop) => held(shop, 2, HOLD_SECONDS + 1)))).flat();
  armFailpoints(parseFailpoints("ticket.hold.afterRelease:error@1"));
  try {
    await sweepAll();
    assert.unreachable("it did not die");
  } catch (error) {
    assert.is((error as Error).name, "FailpointReached");
  } finally {
    armFailpoints(undefined);
  }
  const midway = await Promise.all(all.map(statusOf));
  assert.is(midway.filter((status) => status === "CANCELLED").length, 2);
  await sweepAll();
  assert.equal(await Promise.all(all.map(statusOf)), Array(4).fill("CANCELLED"));
  for (const one of all) assert.is((await told(one)).length, 2, "told once");
});

test.run();
