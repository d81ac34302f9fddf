/** Many requests in one statement are answered as one after the other would be. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  findReservations,
  nothingCommitted,
  type ReserveRequest,
  type ReserveVerdict,
  reserve,
} from "./reservation-store.ts";
import { StockActors } from "./stock-actors.ts";
import { aRequest, assertEquation, openShop, ticketDatabase } from "./testing/ticket-database.ts";

const { database, drop } = await ticketDatabase();
const test = suite("reserve_batch");
test.after(drop);
test.after.each(() => assertEquation(database));

/** What must not differ: ids and times do. */
function told(verdict: ReserveVerdict) {
  if (!("reservation" in verdict)) return verdict;
  const { userId, quantity, totalCents, status } = verdict.reservation;
  return { ...verdict, reservation: { userId, quantity, totalCents, status } };
}

/** Requests of different buyers: some again with their key, some with a pass that has bought. */
const want = fc.record({
  quantity: fc.integer({ min: 1, max: 4 }),
  before: fc.constantFrom("nothing", "nothing", "nothing", "sameKey", "otherKey", "spentPass"),
  wrongEvent: fc.boolean(),
});
const storm = fc.record({
  stock: fc.nat(12),
  maxPerUser: fc.integer({ min: 1, max: 4 }),
  wants: fc.array(want, { minLength: 2, maxLength: 12 }),
});

test("verdicts, stock and books are those of one request after the other", async () => {
  await fc.assert(
    fc.asyncProperty(storm, async ({ stock, maxPerUser, wants }) => {
      const answers: unknown[] = [];
      for (const together of [true, false]) {
        const shop = await openShop(database, { stock: stock + 12, maxPerUser: maxPerUser + 1 });
        const requests: ReserveRequest[] = [];
        for (const [at, { quantity, before, wrongEvent }] of wants.entries()) {
          const own = `${shop.productId} ${at}`;
          const earlier = aRequest(shop, { userId: at + 1, quantity: 1, idempotencyKey: own });
          if (before !== "nothing") await reserve(database, [earlier]);
          const key = before === "sameKey" ? own : null;
          requests.push(
            aRequest(shop, {
              ...{ userId: at + 1, quantity },
              idempotencyKey: before === "otherKey" ? `other ${own}` : key,
              ...(before === "spentPass" ? { passToken: earlier.passToken } : {}),
              ...(wrongEvent && before === "nothing" && at % 5 === 0
                ? { eventId: shop.eventId + 1_000_000 }
                : {}),
            }),
          );
        }
        const verdicts: ReserveVerdict[] = [];
        if (together) verdicts.push(...(await reserve(database, requests)));
        else for (const one of requests) verdicts.push(...(await reserve(database, [one])));
        answers.push(verdicts.map(told));
      }
      assert.equal(answers[0], answers[1]);
    }),
    { numRuns: 150 },
  );
});

test("the same requests sent again change nothing and get their reservations", async () => {
  const shop = await openShop(database, { stock: 5 });
  const requests = [1, 2, 3].map((userId) => aRequest(shop, { userId }));
  const [first, again] = [await reserve(database, requests), await reserve(database, requests)];
  assert.equal(
    again.map((one) => one.verdict),
    ["REPLAYED", "REPLAYED", "REPLAYED"],
  );
  const idsOf = (all: readonly ReserveVerdict[]) =>
    all.map((one) => "reservation" in one && one.reservation.id);
  assert.equal(idsOf(again), idsOf(first));
});

test("one that fits where a larger one did not is served; of a product that is not there, none", async () => {
  const shop = await openShop(database, { stock: 3 });
  const verdictsOf = async (requests: readonly ReserveRequest[]) =>
    (await reserve(database, requests)).map((one) => one.verdict);
  const wants = [2, 2, 1].map((quantity, at) => aRequest(shop, { userId: at + 1, quantity }));
  assert.equal(await verdictsOf(wants), ["RESERVED", "OUT_OF_STOCK", "RESERVED"]);
  const nowhere = { ...shop, productId: 2_000_000_000 };
  const lost = [1, 2].map((userId) => aRequest(nowhere, { userId }));
  assert.equal(await verdictsOf(lost), ["NOT_FOUND", "NOT_FOUND"]);
});

test("what a batch answers of a reservation is what the books say of it", async () => {
  const shop = await openShop(database, { stock: 9, priceCents: 1_999 });
  const wants = [1, 2, 3].map((quantity) => aRequest(shop, { userId: quantity, quantity }));
  for (const verdict of await reserve(database, wants)) {
    assert.ok("reservation" in verdict);
    const { reservation } = verdict;
    assert.equal(
      reservation,
      (await findReservations(database, [reservation.id])).get(reservation.id),
    );
    assert.is(reservation.totalCents, 1_999 * reservation.quantity);
  }
});

test("two processes' actors and 600 buyers of 500 pieces: each piece is sold once", async () => {
  const shop = await openShop(database, { stock: 500 });
  const actors = [1, 2].map(
    () => new StockActors({ decide: (requests) => reserve(database, requests) }),
  );
  const verdicts = await Promise.all(
    Array.from({ length: 600 }, (_, at) => actors[at % 2]!.ask(aRequest(shop, { userId: at + 1 }))),
  );
  const sold = verdicts.filter((one) => one.verdict === "RESERVED").length;
  const out = verdicts.filter((one) => one.verdict === "OUT_OF_STOCK").length;
  assert.equal([sold, out], [500, 100]);
});

/** As an actor asks: together, and one by one where together nothing was written. */
async function decide(requests: readonly ReserveRequest[]): Promise<ReserveVerdict[]> {
  try {
    return [...(await reserve(database, requests))];
  } catch (error) {
    assert.ok(nothingCommitted(error), String(error));
    return (await Promise.all(requests.map((one) => reserve(database, [one])))).flat();
  }
}

test("one key, two products, at the same moment: one buys, the other hears of it", async () => {
  const [a, b] = [await openShop(database, { stock: 50 }), await openShop(database, { stock: 50 })];
  for (let round = 0; round < 20; round++) {
    const idempotencyKey = `both ${round}`;
    const userId = 1_000 + round;
    const batch = (shop: typeof a, first: number) => [
      aRequest(shop, { userId, idempotencyKey }),
      aRequest(shop, { userId: first + round }),
    ];
    const [x, y] = await Promise.all([decide(batch(a, 5_000)), decide(batch(b, 6_000))]);
    const both = [x[0]!.verdict, y[0]!.verdict].sort();
    assert.equal(both, ["IDEMPOTENCY_CONFLICT", "RESERVED"]);
    assert.equal([x[1]!.verdict, y[1]!.verdict], ["RESERVED", "RESERVED"]);
  }
});

test.run();
