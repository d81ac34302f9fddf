/** What the simulation's `reserve` decides is what the SQL decides: random storms on both. */
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../services/common/clock.ts";
import type { Message } from "../../services/common/contracts/messages.ts";
import { uuid } from "../../services/common/ids.ts";
import { claimMessages } from "../../services/common/outbox/outbox-store.ts";
import { readLedger } from "../../services/ticket/ledger-store.ts";
import { changeBooks, saleBooks } from "../../services/ticket/reservation-books.ts";
import { cancelForBuyer } from "../../services/ticket/reservation-changes.ts";
import type { ReserveRequest, ReserveVerdict } from "../../services/ticket/reservation-store.ts";
import {
  assertEquation,
  openShop,
  type Shop,
  ticketDatabase,
} from "../../services/ticket/testing/ticket-database.ts";
import { Faults } from "./faults.ts";
import { SimulatedDatabase } from "./tables.ts";
import { TicketModel } from "./ticket-model.ts";
import { VirtualTime } from "./virtual-time.ts";

const { database, drop } = await ticketDatabase();
const test = suite("the model of reserve");
test.after(drop);
test.after.each(() => assertEquation(database));

const PRICE_CENTS = 4_990;
const USERS = 4;

/** A request names its parts by small numbers, so that they meet often. */
const want = fc.record({
  user: fc.integer({ min: 1, max: USERS }),
  product: fc.constantFrom(0, 0, 0, 1, 1, 2),
  quantity: fc.integer({ min: 1, max: 4 }),
  pass: fc.nat(12),
  key: fc.option(fc.nat(3), { freq: 2 }),
  wrongEvent: fc.boolean(),
});
type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Want = Drawn<typeof want>;

/** batch: its requests are of one product and independent of each other, as an actor's are. */
const move = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant("one" as const), want }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("batch" as const),
      wants: fc.array(want, { minLength: 2, maxLength: USERS }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("again" as const), back: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("cancel" as const), nth: fc.nat(12) }) },
);
const storm = fc.record({
  stock: fc.tuple(fc.nat(12), fc.nat(6)),
  maxPerUser: fc.integer({ min: 1, max: 5 }),
  closed: fc.constantFrom(false, false, false, true),
  moves: fc.array(move, { minLength: 5, maxLength: 30, size: "max" }),
});

type Storm = Drawn<typeof storm>;

interface Side {
  readonly books: ReturnType<typeof saleBooks>;
  readonly changes: Parameters<typeof cancelForBuyer>[0];
  /** Ids of the reservations made, in the order in which they were. */
  readonly made: number[];
}

function modelSide(
  shops: readonly Shop[],
  of: Pick<Storm, "stock" | "maxPerUser" | "closed">,
): Side & { readonly model: TicketModel } {
  const time = new VirtualTime();
  const model = new TicketModel(new SimulatedDatabase("model", time, new Faults(0, [])));
  for (const [at, { productId, eventId }] of shops.entries()) {
    const totalStock = of.stock[at]!;
    model.products.put(productId, {
      ...{ id: productId, eventId, name: "Seat", priceCents: PRICE_CENTS, totalStock },
      ...{ availableStock: totalStock, maxPerUser: of.maxPerUser },
      opensAtMs: of.closed ? time.epochMs + 1 : 0,
      closesAtMs: Number.POSITIVE_INFINITY,
    });
  }
  const life = { name: "test", alive: true };
  const onMessages = () => {};
  const changes = { books: model.changeBooks(life), clock: systemClock, ids: uuid, onMessages };
  return { model, books: model.saleBooks(life), changes, made: [] };
}

function sqlSide(): Side {
  const onMessages = () => {};
  const changes = { books: changeBooks(database), clock: systemClock, ids: uuid, onMessages };
  return { books: saleBooks(database), changes, made: [] };
}

/** What must not differ: ids and times do. */
function told(side: Side, verdict: ReserveVerdict) {
  if (!("reservation" in verdict)) return verdict;
  const { id, sagaId, userId, productId, productName, eventId, quantity } = verdict.reservation;
  const { totalCents, status, cancelReason } = verdict.reservation;
  if (verdict.verdict === "RESERVED") side.made.push(id);
  return {
    ...{ verdict: verdict.verdict, passSpent: verdict.passSpent, nth: side.made.indexOf(id) },
    ...{ sagaId, userId, productId, productName, eventId, quantity },
    ...{ totalCents, status, cancelReason },
  };
}

async function ask(side: Side, requests: readonly ReserveRequest[]) {
  const verdicts = await side.books.reserve(requests);
  return verdicts.map((verdict) => told(side, verdict));
}

async function cancel(side: Side, nth: number) {
  const id = side.made[nth % Math.max(1, side.made.length)];
  if (id === undefined) return "nothing to cancel";
  return (await cancelForBuyer(side.changes, id, undefined)).outcome;
}

function requestOf(round: string, shops: readonly Shop[], one: Want): ReserveRequest {
  const shop = shops[one.product] ?? { eventId: shops[0]!.eventId, productId: 2_000_000_000 };
  const id = randomUUID();
  return {
    ...{ productId: shop.productId, userId: one.user, quantity: one.quantity },
    eventId: one.wrongEvent && one.pass % 4 === 0 ? shop.eventId + 1_000_000 : shop.eventId,
    // One pass in four belongs to everybody: it meets others that have bought with it.
    passToken: one.pass % 4 === 0 ? `${round} pass ${one.pass}` : `${round} ${id}`,
    idempotencyKey: one.key === null ? null : `${round} key ${one.key}`,
    ...{ sagaId: `saga_${id}`, messageId: `msg_${id}`, occurredAt: new Date(0).toISOString() },
  };
}

/** Asks both sides the same, one move after the other. */
async function play(round: string, { stock, maxPerUser, closed, moves }: Storm) {
  const window = closed ? { startsIn: 1, endsIn: 2 } : {};
  const shops: Shop[] = [];
  for (const pieces of stock) {
    const product = { stock: pieces, maxPerUser, priceCents: PRICE_CENTS };
    shops.push(await openShop(database, product, window));
  }
  const [sql, model] = [sqlSide(), modelSide(shops, { stock, maxPerUser, closed })];
  const sent: ReserveRequest[][] = [];
  for (const one of moves) {
    if (one.does === "cancel") {
      assert.equal(await cancel(model, one.nth), await cancel(sql, one.nth));
      continue;
    }
    const requests =
      one.does === "one"
        ? [requestOf(round, shops, one.want)]
        : one.does === "batch"
          ? independent(one.wants.map((each) => requestOf(round, shops, each)))
          : sent.at(-1 - one.back);
    if (!requests) continue;
    sent.push([...requests]);
    assert.equal(await ask(model, requests), await ask(sql, requests));
  }
  return { model: model.model, shops };
}

function independent(requests: readonly ReserveRequest[]): ReserveRequest[] {
  const taken: ReserveRequest[] = [];
  for (const one of requests) {
    if (one.productId !== requests[0]!.productId) continue;
    if (taken.some((other) => other.userId === one.userId)) continue;
    if (taken.some((other) => other.passToken === one.passToken)) continue;
    taken.push(one);
  }
  return taken;
}

/** What waits in an outbox of ReservationCreated; times differ. */
function created(messages: readonly Message[]) {
  return messages
    .filter((message) => message.type === "ReservationCreated")
    .map(
      ({ messageId, sagaId, data }) => `${messageId} ${sagaId} ${data.userId} ${data.amountCents}`,
    )
    .sort();
}

test("storms of purchases, repetitions and cancellations get the same verdicts", async () => {
  const statuses = new Set<string>();
  await fc.assert(
    fc.asyncProperty(storm, async (drawn) => {
      const { model, shops } = await play(randomUUID(), drawn);
      for (const shop of shops) {
        const ledger = await readLedger(database, { ...shop, afterReservation: 0, limit: 0 });
        const { availableStock } = model.products.rows.get(shop.productId)!;
        assert.is(ledger?.stock[0]?.availableStock, availableStock);
      }
      const theirs = await claimMessages(database, 1_000, 3_600);
      const ours = [...model.messages.outbox.rows.values()];
      assert.equal(
        created(ours.map(({ message }) => message)),
        created(theirs.map(({ message }) => message)),
      );
      for (const row of model.reservations.rows.values()) statuses.add(row.status);
    }),
    { numRuns: 120 },
  );
  assert.equal([...statuses].sort(), ["CANCELLED", "PENDING"]);
});

test.run();
