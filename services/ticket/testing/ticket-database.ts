/** A ticket database of a test's own, a small shop in it, and looks at what must always hold. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { z } from "zod";
import { systemClock } from "../../common/clock.ts";
import { type Database, sql, withClient, withDatabase } from "../../common/database.ts";
import { uuid } from "../../common/ids.ts";
import { ownDatabase } from "../../common/lifecycle.ts";
import { eventually, testDatabaseServer } from "../../common/testing/service-harness.ts";
import { insertEvent, insertProduct } from "../catalogue-store.ts";
import { changeBooks } from "../reservation-books.ts";
import type { Changes } from "../reservation-changes.ts";
import type { ReserveRequest } from "../reservation-store.ts";

const SQL_FOLDER = join(import.meta.dirname, "../sql");

/** ISO-8601, from now. */
export const inHours = (hours: number): string =>
  new Date(Date.now() + hours * 3_600_000).toISOString();

export interface TestDatabase {
  readonly database: Database;
  drop(): Promise<void>;
}

export async function ticketDatabase(poolSize = 20): Promise<TestDatabase> {
  const server = testDatabaseServer();
  const name = `t_${randomUUID().replaceAll("-", "").slice(0, 16)}_ticket`;
  const context = {
    config: { DATABASE_POOL_SIZE: poolSize },
    databaseUrl: () => withDatabase(server, name),
  };
  const database = await ownDatabase(context, "ticket", { sql: SQL_FOLDER, messaging: true });
  return {
    database,
    async drop() {
      await database.end();
      await withClient(server, (client) => client.query(`drop database ${name} with (force)`));
    },
  };
}

/** The service's ways to change a reservation, without a relay to wake. */
export const changesOf = (database: Database): Changes => ({
  ...{ books: changeBooks(database), clock: systemClock, ids: uuid, onMessages: () => {} },
});

export interface Shop {
  readonly eventId: number;
  readonly productId: number;
}

/** An event on sale with one product. */
export async function openShop(
  database: Database,
  product: { readonly stock: number; readonly maxPerUser?: number; readonly priceCents?: number },
  window: { readonly startsIn?: number; readonly endsIn?: number } = {},
): Promise<Shop> {
  return database.transaction(async (tx) => {
    const eventId = await insertEvent(tx, {
      name: "Concert",
      description: "",
      venue: "Hall",
      eventDate: inHours(100),
      saleStartAt: inHours(window.startsIn ?? -1),
      saleEndAt: inHours(window.endsIn ?? 1),
    });
    const productId = await insertProduct(tx, eventId, {
      name: "Seat",
      description: "",
      priceCents: product.priceCents ?? 4_990,
      totalStock: product.stock,
      availableStock: product.stock,
      maxPerUser: product.maxPerUser ?? 4,
      saleStartAt: null,
      saleEndAt: null,
    });
    return { eventId, productId };
  });
}

/** A request to buy one piece with a pass of its own. */
export function aRequest(shop: Shop, changes: Partial<ReserveRequest> = {}): ReserveRequest {
  return {
    ...shop,
    userId: 1,
    quantity: 1,
    passToken: `pass_${randomUUID()}`,
    idempotencyKey: null,
    sagaId: `saga_${randomUUID()}`,
    messageId: `msg_${randomUUID()}`,
    occurredAt: new Date().toISOString(),
    ...changes,
  };
}

const equationRow = z.object({
  id: z.int(),
  total: z.int(),
  available: z.int(),
  held: z.int(),
});

/** totalStock = availableStock + what live reservations hold, and nothing is negative. */
export async function assertEquation(database: Database): Promise<void> {
  const rows = await database.any(sql.type(equationRow)`
    select p.id, p.total_stock as total, p.available_stock as available,
      (select coalesce(sum(quantity), 0)::int from reservation r
        where r.product_id = p.id and r.status <> 'CANCELLED') as held
    from product p order by p.id`);
  assert.ok(rows.length > 0, "there is nothing to check");
  for (const row of rows) {
    assert.is(row.available + row.held, row.total, `product ${row.id}: ${JSON.stringify(row)}`);
    assert.ok(row.available >= 0);
  }
}

const countRow = z.object({ count: z.int() });

/** Rows of the service's tables, for "nothing changed". */
export async function countRows(database: Database): Promise<readonly number[]> {
  const tables = ["event", "product", "reservation", "outbox"];
  const counts: number[] = [];
  for (const table of tables) {
    const { count } = await database.one(sql.type(countRow)`
      select count(*)::int as count from ${sql.identifier([table])}`);
    counts.push(count);
  }
  return counts;
}

/** Runs a purchase into a locked product row, and cuts its database connection while it waits. */
export function cutOff<T>(url: string, productId: number, purchase: () => Promise<T>): Promise<T> {
  return withClient(url, (holder) =>
    withClient(url, async (watcher) => {
      await holder.query("begin");
      await holder.query("select from product where id = $1 for update", [productId]);
      const answer = purchase();
      const { rows } = await eventually(
        () =>
          watcher.query<{ pid: number }>(
            `select pid from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`,
          ),
        (found) => found.rowCount === 1,
      );
      await watcher.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
      return answer;
    }),
  );
}
