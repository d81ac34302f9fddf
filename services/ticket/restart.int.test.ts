/** What a restart finds: the same catalogue, and every message that nobody had taken over. */
import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Product, Reservation, SaleEvent } from "../common/contracts/ticket.ts";
import { withClient, withDatabase } from "../common/database.ts";
import { countUnsent } from "../common/outbox/outbox-store.ts";
import { FaultyBus } from "../common/testing/faulty-bus.ts";
import { eventually, startHarness, testDatabaseServer } from "../common/testing/service-harness.ts";
import { buy, shopByHttp, startStage } from "./testing/stage.ts";
import { assertEquation, countRows } from "./testing/ticket-database.ts";
import { ticketService } from "./ticket.service.ts";

const test = suite("restart");

test("messages that nobody took are delivered after a restart, and nothing is doubled", async () => {
  const before = await startStage({ saga: false });
  const shop = await shopByHttp(before);
  const bought = await buy<Reservation>(before, shop);
  assert.is(await countUnsent(before.books), 1);
  const rows = await countRows(before.books);
  await before.end({ keepDatabase: true });

  const after = await startStage({ database: before.database });
  try {
    await eventually(
      () => countUnsent(after.books),
      (count) => count === 0,
    );
    assert.ok(after.heard.every((message) => message.sagaId === bought.body.sagaId));
    assert.ok(after.heard.length >= 1);
    assert.equal(await countRows(after.books), rows);
    const events = await after.http<SaleEvent[]>("ticket", "/api/events");
    const products = await after.http<Product[]>("ticket", "/api/products");
    assert.is(events.body.length, 1);
    assert.is(products.body.length, 1);
    const token = await after.token(1);
    await eventually(
      () => after.http<Reservation>("ticket", `/api/reservations/${bought.body.id}`, { token }),
      (answer) => answer.body.status === "PAYMENT_PENDING",
    );
    await assertEquation(after.books);
  } finally {
    await after.end();
  }
});

test("a bus that loses acknowledgements and delivers twice changes nothing but the count", async () => {
  let drawn = 0;
  // 0.4, 0.8, 0.2, 0.6, 0.0, … : faults come in turns, the same in every run.
  const random = () => {
    drawn = (drawn + 2) % 5;
    return drawn / 5;
  };
  const faults = { lostAcks: 0.3, duplicates: 0.5, delayMs: 5, random };
  const stage = await startStage({ bus: (bus) => new FaultyBus(bus, faults) });
  try {
    const shop = await shopByHttp(stage, { totalStock: 20 });
    const bought = await Promise.all(
      Array.from({ length: 20 }, (_, i) => buy<Reservation>(stage, shop, { userId: i + 1 })),
    );
    await eventually(
      () => countUnsent(stage.books),
      (count) => count === 0,
    );
    assert.is(new Set(stage.heard.map((message) => message.sagaId)).size, 20);
    const ids = new Map<string, Set<string>>();
    for (const { sagaId, messageId } of stage.heard) {
      ids.set(sagaId, (ids.get(sagaId) ?? new Set()).add(messageId));
    }
    assert.ok(
      [...ids.values()].every((same) => same.size === 1),
      "copies carry the same id",
    );
    assert.ok(bought.every((answer) => answer.status === 201));
    await assertEquation(stage.books);
  } finally {
    await stage.end();
  }
});

test("a start that fails half-way closes what it had opened", async () => {
  const first = await startStage();
  // Not the harness' own, which is dropped whoever is still connected.
  const name = `t_${randomUUID().slice(0, 8)}_ticket`;
  const server = testDatabaseServer();
  try {
    const starting = startStageOn(withDatabase(server, name), new URL(first.url).port);
    const outcome = await starting.then(
      () => "started",
      (error: unknown) => String(error),
    );
    assert.match(outcome, /in use/);
    // Without force: it would fail if anybody were still connected.
    await withClient(server, (client) => client.query(`drop database ${name}`));
  } finally {
    await first.end();
  }
});

function startStageOn(databaseUrl: string, port: string) {
  return startHarness({
    settings: { TICKET_PORT: port },
    services: (context) => [ticketService({ ...context, databaseUrl: () => databaseUrl })],
  });
}

test.run();
