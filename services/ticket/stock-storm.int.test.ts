/** The stock equation under a storm of purchases and commands, all delivered twice. */
import { randomUUID } from "node:crypto";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import type { Message } from "../common/contracts/messages.ts";
import { sql } from "../common/database.ts";
import { uuid } from "../common/ids.ts";
import { createLog } from "../common/log.ts";
import { lockProduct, updateProduct } from "./catalogue-store.ts";
import { HoldExpiry } from "./hold-expiry.ts";
import { readLedger } from "./ledger-store.ts";
import type { Reservation } from "./reservation.ts";
import { markPaymentPending } from "./reservation-change-store.ts";
import { cancelForBuyer, handleSagaCommands } from "./reservation-changes.ts";
import { reserve } from "./reservation-store.ts";
import {
  aRequest,
  assertEquation,
  changesOf,
  openShop,
  type Shop,
  ticketDatabase,
} from "./testing/ticket-database.ts";

const { database, drop } = await ticketDatabase();
const test = suite("stock storm");
test.after(drop);

const changes = changesOf(database);

const expiry = new HoldExpiry({
  database,
  ...{ changes, log: createLog("silent"), holdSeconds: 0, onReleased: () => {} },
});

function sagaMessage(type: "ConfirmReservation" | "CancelReservation", one: Reservation): Message {
  const data = { reservationId: one.id, userId: one.userId, amountCents: one.totalCents };
  const head = { messageId: uuid(), sagaId: one.sagaId, occurredAt: new Date().toISOString() };
  return type === "ConfirmReservation"
    ? { ...head, type, data }
    : { ...head, type, data: { ...data, reason: "no money" } };
}

/** Two seeds, so that a failure names the one that replays its decisions. */
for (const seed of [1, 20_260_101]) {
  test(`storm ${seed}: the equation holds at every look and at the end`, async () => {
    const random = xoroshiro128plus(seed);
    const draw = (below: number) => (random.next() >>> 0) % below;
    const shops = [
      await openShop(database, { stock: 40, maxPerUser: 6 }),
      await openShop(database, { stock: 7, maxPerUser: 3 }),
    ];
    const bought: Reservation[] = [];
    const keys = Array.from({ length: 30 }, () => randomUUID());

    const purchase = async () => {
      const key = draw(3) === 0 ? (keys[draw(keys.length)] ?? null) : null;
      const request = aRequest(shops[draw(2)]!, {
        userId: 1 + draw(20),
        quantity: 1 + draw(3),
        idempotencyKey: key,
      });
      for (const verdict of await reserve(database, [request])) {
        if (verdict.verdict === "RESERVED") bought.push(verdict.reservation);
      }
    };
    // Several at once, of both products, some of one reservation; and all of it twice.
    const command = async () => {
      if (bought.length === 0) return;
      const messages = Array.from({ length: 1 + draw(5) }, () => {
        const type = draw(2) === 0 ? "ConfirmReservation" : "CancelReservation";
        return sagaMessage(type, bought[draw(bought.length)]!);
      });
      await Promise.all([
        handleSagaCommands(changes, messages),
        handleSagaCommands(changes, messages.toReversed()),
      ]);
    };
    const buyerCancels = async () => {
      const one = bought[draw(Math.max(1, bought.length))];
      if (one) await Promise.all([1, 2].map(() => cancelForBuyer(changes, one.id, one.userId)));
    };
    const handOver = () =>
      database.transaction((tx) =>
        markPaymentPending(
          tx,
          bought.slice(-5).map((one) => one.sagaId),
        ),
      );
    // Every hold has run out: now and then all that is live goes back at once.
    const expire = async () => void (draw(4) === 0 && (await expiry.sweep()));
    const look = () => assertLedger(shops[draw(2)]!);
    const acts = [...[purchase, purchase, purchase, command, command], buyerCancels];
    acts.push(handOver, expire, look);

    for (let round = 0; round < 25; round++) {
      await Promise.all(Array.from({ length: 16 }, () => acts[draw(acts.length)]!()));
    }
    assert.ok(bought.length > 20, "the storm bought something");
    await assertEquation(database);
    await assertEveryCancellationWasToldOnce(bought);
  });
}

async function assertLedger(shop: Shop): Promise<void> {
  const ledger = await readLedger(database, { ...shop, afterReservation: 0, limit: 0 });
  const line = ledger?.stock[0];
  assert.ok(line && line.totalStock === line.availableStock + line.held, JSON.stringify(line));
}

const toldRow = z.object({ status: z.string(), told: z.int(), changed: z.int() });

/** Every cancelled reservation was told of, and none that is not cancelled. */
async function assertEveryCancellationWasToldOnce(bought: readonly Reservation[]): Promise<void> {
  const rows = await database.any(sql.type(toldRow)`
    select r.status,
      (select count(*)::int from outbox o
        where o.saga_id = r.saga_id and o.type = 'ReservationCancelled') as told,
      (select count(*)::int from outbox o
        where o.saga_id = r.saga_id and o.type = 'ReservationCreated') as changed
    from reservation r where r.id = any(${sql.array(
      bought.map((one) => one.id),
      "int4",
    )})`);
  assert.is(rows.length, bought.length);
  for (const row of rows) {
    assert.is(row.changed, 1);
    assert.is(row.told > 0, row.status === "CANCELLED");
  }
}

test("a confirmation and a cancellation at once end as one or the other, never both", async () => {
  const shop = await openShop(database, { stock: 30 });
  for (let round = 0; round < 30; round++) {
    const [verdict] = await reserve(database, [aRequest(shop, { userId: round + 1 })]);
    assert.ok(verdict?.verdict === "RESERVED");
    const one = verdict.reservation;
    await Promise.all([
      handleSagaCommands(changes, [sagaMessage("ConfirmReservation", one)]),
      cancelForBuyer(changes, one.id, one.userId),
      handleSagaCommands(changes, [sagaMessage("CancelReservation", one)]),
    ]);
  }
  // Each was cancelled by one of two: whatever the order, all stock is back, and only once.
  const ledger = await readLedger(database, { ...shop, afterReservation: 0, limit: 100 });
  assert.is(ledger?.stock[0]?.availableStock, 30);
  assert.is(ledger?.reservations.length, 30);
  assert.ok(ledger?.reservations.every((one) => one.status === "CANCELLED"));
});

test("stock is added and taken away while it is sold", async () => {
  const shop = await openShop(database, { stock: 20 });
  const restocking = async (totalStock: number) =>
    database.transaction(async (tx) => {
      const before = await lockProduct(tx, shop.productId);
      assert.ok(before);
      const sold = before.totalStock - before.availableStock;
      if (sold > totalStock) return;
      await updateProduct(tx, shop.productId, {
        ...before,
        totalStock,
        availableStock: totalStock - sold,
      });
    });
  await Promise.all([
    ...Array.from({ length: 40 }, (_, i) => reserve(database, [aRequest(shop, { userId: i + 1 })])),
    ...[30, 10, 25, 5, 40].map(restocking),
  ]);
  await assertEquation(database);
});

test.run();
