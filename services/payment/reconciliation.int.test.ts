/** The comparison on real books: what was seeded is found, on every page, in the service's own words. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Reconciliation } from "../common/contracts/payment.ts";
import { type Database, openDatabase, sql } from "../common/database.ts";
import { LIMITS } from "../common/limits.ts";
import { eventually } from "../common/testing/service-harness.ts";
import {
  booking,
  chargeOrder,
  HONEST,
  OWNER,
  ownDatabase,
  refundOrder,
  send,
  startPayments,
} from "./payment-test-aids.ts";
import type { PaymentProvider } from "./provider.ts";
import { reconcilePage } from "./reconciliation.ts";
import { SimulatedProvider } from "./simulated-provider.ts";

const YEAR = { since: "2026-01-01T00:00:00.000Z", until: "2027-01-01T00:00:00.000Z" };
const patient = () => new AbortController().signal;

let database: Database;
let drop: () => Promise<void>;
let provider: SimulatedProvider;

test.before.each(async () => {
  ({ database, drop } = await ownDatabase());
  provider = new SimulatedProvider(database, HONEST);
});

test.after.each(() => drop());

/** Every page of the year, one after the other. */
async function pages(of: PaymentProvider = provider): Promise<readonly Reconciliation[]> {
  const all: Reconciliation[] = [];
  for (let since: string | null = YEAR.since; since !== null; since = all.at(-1)!.next) {
    all.push(await reconcilePage(database, of, { ...YEAR, since }, patient()));
  }
  return all;
}

/** `count` payments and their charges, `perSecond` of them captured in each second of the year. */
async function seed(count: number, perSecond: number): Promise<void> {
  await database.query(sql.unsafe`
    insert into payment (id, saga_id, reservation_id, user_id, amount, status, transaction_id,
      created_at, completed_at, captured_at, due_at)
    select 'pay_' || n, 'saga_' || n, n, ${OWNER}, 49.90, 'COMPLETED', 'txn_' || n, at, at, at, null
    from generate_series(1, ${count}) n,
      lateral (select ${YEAR.since}::timestamptz
        + make_interval(secs => ((n - 1) / ${perSecond})::int + 0.5) as at) times`);
  await database.query(sql.unsafe`
    insert into provider_charge (key, outcome, saga_id, reservation_id, amount, transaction_id, at)
    select 'charge-' || saga_id, 'captured', saga_id, reservation_id, amount, transaction_id,
      captured_at from payment`);
}

async function ghost(name: string, second: number): Promise<void> {
  await database.query(sql.unsafe`
    insert into provider_charge (key, outcome, saga_id, reservation_id, amount, transaction_id, at)
    values (${`ghost-${name}`}, 'captured', ${name}, 1, 12.50, ${`txn_ghost_${name}`},
      ${YEAR.since}::timestamptz + make_interval(secs => ${second}))`);
}

const kinds = (all: readonly Reconciliation[]) =>
  all.flatMap((page) => page.differences.map(({ kind, sagaId }) => `${kind} ${sagaId}`)).sort();

test("a sale of several pages is compared whole, each payment and each charge once", async () => {
  await seed(5_000, 7);
  await ghost("saga_nobody", 400);
  await ghost("saga_17", 650);
  await database.query(sql.unsafe`delete from provider_charge where key = 'charge-saga_2001'`);
  await database.query(sql.unsafe`
    update provider_charge set amount = 59.90 where key = 'charge-saga_4999'`);
  const all = await pages();
  assert.ok(all.length >= 3);
  for (const { payments } of all) assert.ok(payments <= LIMITS.reconciledPayments);
  const sum = (of: "payments" | "charges") => all.reduce((total, page) => total + page[of], 0);
  assert.is(sum("payments"), 5_000);
  assert.is(sum("charges"), 5_001);
  assert.equal(kinds(all), [
    "amountDiffers saga_4999",
    "chargedTwice saga_17",
    "missingAtProvider saga_2001",
    "unknownToUs saga_nobody",
  ]);
});

test("a second with more payments than a page holds is one page", async () => {
  await seed(2 * LIMITS.reconciledPayments + 10, 2 * LIMITS.reconciledPayments);
  const all = await pages();
  assert.is(all[0]?.payments, 2 * LIMITS.reconciledPayments);
  assert.equal(kinds(all), []);
});

test("a flood of charges that we know nothing of is named, a page at a time", async () => {
  await database.query(sql.unsafe`
    insert into provider_charge (key, outcome, saga_id, reservation_id, amount, transaction_id, at)
    select 'ghost-' || n, 'captured', 'saga_ghost_' || n, n, 1, 'txn_' || n,
      ${YEAR.since}::timestamptz + make_interval(secs => n)
    from generate_series(1, ${2 * LIMITS.reconciledCharges}) n`);
  const all = await pages();
  assert.ok(all.every(({ charges }) => charges <= LIMITS.reconciledCharges));
  assert.is(new Set(kinds(all)).size, 2 * LIMITS.reconciledCharges);
});

test("money that moves while we look from one side to the other is open, and no difference", async () => {
  await seed(3, 1);
  // Between our books and the provider's, somebody orders a refund and it is done.
  const moving: PaymentProvider = Object.assign(Object.create(provider), {
    async *statement(period: typeof YEAR) {
      await database.query(sql.unsafe`
        update payment set status = 'REFUNDED', refund_ordered_at = now(), refunded_at = now()
        where id = 'pay_2'`);
      await provider.refund(
        { key: "refund-saga_2", chargeKey: "charge-saga_2", amountCents: 4_990 },
        patient(),
      );
      yield* provider.statement(period);
    },
  });
  const [page] = await pages(moving);
  assert.equal(page?.differences, []);
  assert.is(page?.open, 1);
});

test("work that was left for too long is named, also while nothing else is wrong", async () => {
  await seed(1, 1);
  await database.query(sql.unsafe`
    insert into payment (id, saga_id, reservation_id, user_id, amount, status, created_at)
    values ('pay_old', 'saga_old', 7, ${OWNER}, 10, 'PROCESSING', ${YEAR.since}),
      ('pay_new', 'saga_new', 8, ${OWNER}, 10, 'PENDING', now())`);
  const page = await reconcilePage(
    database,
    provider,
    { ...YEAR, until: new Date(Date.now() + 60_000).toISOString() },
    patient(),
  );
  assert.equal(kinds([page]), ["openTooLong saga_old"]);
  assert.is(page.open, 2);
});

test("an administrator compares what the service did; others may not, and nonsense does not fit", async () => {
  const stack = await startPayments({ settings: { PAYMENT_FAILURE_PERCENT: "30" } });
  try {
    for (let id = 1; id <= 20; id += 1) await send(stack.bus, chargeOrder(booking(id)));
    await eventually(
      async () => stack.heard.length,
      (count) => count === 20,
    );
    for (let id = 1; id <= 5; id += 1) await send(stack.bus, refundOrder(booking(id)));
    const ask = (query: string, token = stack.admin) =>
      stack.http<Reconciliation>("payment", `/api/admin/reconciliation${query}`, { token });
    const { body } = await eventually(
      () => ask(`?until=${new Date(Date.now() + 5_000).toISOString()}`),
      ({ body: { open } }) => open === 0,
    );
    assert.equal(body.differences, []);
    assert.is(body.payments, 20);
    assert.ok(body.charges > 0 && body.charges < 20);
    assert.is(body.next, null);
    await seedDifference(stack.databaseUrl("payment"));
    const found = await ask(`?until=${new Date(Date.now() + 5_000).toISOString()}`);
    assert.equal(kinds([found.body]), ["unknownToUs saga_stranger"]);

    assert.is((await ask("", await stack.token(OWNER))).status, 403);
    for (const query of [
      "?since=yesterday",
      "?until=1",
      "?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
    ]) {
      assert.is((await ask(query)).status, 400, query);
    }
  } finally {
    await stack.stop();
  }
});

async function seedDifference(url: string): Promise<void> {
  const own = await openDatabase({ url, poolSize: 1 });
  await own.query(sql.unsafe`
    insert into provider_charge (key, outcome, saga_id, reservation_id, amount, transaction_id)
    values ('ghost', 'captured', 'saga_stranger', 1, 12.50, 'txn_ghost')`);
  await own.end();
}

test.run();
