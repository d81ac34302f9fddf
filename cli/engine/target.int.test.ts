/** Setting a sale up and reading its books, against a small shop in memory. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isSettled, readLedger, waitUntilSettled } from "./ledger.ts";
import type { TargetUrls } from "./plan.ts";
import { ACCOUNTS_PER_CALL, prepareSale, type SalePlan, TargetError } from "./target.ts";
import { FakeShop } from "./testing/fake-shop.ts";

interface World {
  shop: FakeShop;
  url: string;
  target: TargetUrls;
}

const PRODUCT = {
  name: "Stalls",
  description: "Row 1 to 20",
  priceCents: 4_990,
  totalStock: 40,
  maxPerUser: 4,
};
const PLAN: SalePlan = {
  name: "Night of Lights",
  description: "One evening only",
  venue: "Arena",
  eventDate: "2026-06-01T18:00:00Z",
  saleStartAt: "2026-01-01T00:00:00Z",
  saleEndAt: "2026-05-01T00:00:00Z",
  products: [PRODUCT, { ...PRODUCT, name: "Circle" }, { ...PRODUCT, name: "Box" }],
  permitsPerMinute: 100,
  passTtlSeconds: 300,
  pacing: "smooth",
  clients: 12,
  accountPrefix: "run-1",
};

const test = suite<World>("target");
test.before.each(async (world) => {
  world.shop = new FakeShop();
  const url = await world.shop.open();
  world.url = url;
  world.target = { account: url, queue: url, ticket: url, payment: url, saga: url };
});
test.after.each(async (world) => {
  await world.shop.close();
});

async function errorOf(promise: Promise<unknown>): Promise<TargetError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TargetError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Puts bookings on the shop's books by its own routes. */
async function book(world: World, users: number): Promise<void> {
  for (let user = 1; user <= users; user += 1) {
    world.shop.passes.set(user, `pass_${user}`);
    const answer = await fetch(`${world.url}/api/reservations?eventId=7&clientId=${user}`, {
      method: "POST",
      headers: {
        authorization: `Bearer user-${user}`,
        "x-pass-token": `pass_${user}`,
        "idempotency-key": `key-${user}`,
      },
      body: JSON.stringify({ productId: 11, quantity: 2 }),
    });
    assert.is(answer.status, 201);
  }
}

const look = (world: World, id: number) =>
  fetch(`${world.url}/api/reservations/${id}`, { headers: { authorization: "Bearer admin" } });

test("a sale is set up: event, products, line, buyers", async (world) => {
  const { sale, accounts } = await prepareSale(world.target, "admin", PLAN);
  assert.is(sale.eventId, 7);
  assert.is(sale.permitsPerMinute, 100);
  assert.equal(
    sale.products.map(({ name, priceCents }) => [name, priceCents]),
    [
      ["Stalls", 4_990],
      ["Circle", 4_990],
      ["Box", 4_990],
    ],
  );
  assert.is(accounts.length, 12);
  assert.equal(world.shop.calls, [
    "POST /api/events",
    "POST /api/events/7/products",
    "POST /api/events/7/products",
    "POST /api/events/7/products",
    "PATCH /queue/7/settings",
    "POST /api/admin/test-accounts",
  ]);
});

test("accounts are made ten thousand at a time, one for each client", async (world) => {
  const plan = { ...PLAN, clients: 2 * ACCOUNTS_PER_CALL + 5 };
  const { accounts } = await prepareSale(world.target, "admin", plan);
  assert.is(accounts.length, 20_005);
  const calls = world.shop.calls.filter((call) => call.includes("test-accounts"));
  assert.is(calls.length, 3);
});

test("the line's settings wait until the queue has heard of the event", async (world) => {
  let refusals = 2;
  world.shop.trouble = (method) => {
    if (method !== "PATCH" || refusals === 0) return undefined;
    refusals -= 1;
    return { status: 404, body: { code: "NOT_FOUND" } };
  };
  const { sale } = await prepareSale(world.target, "admin", PLAN);
  assert.is(sale.eventId, 7);
});

test("a refusal is one clear line, and so is silence", async (world) => {
  const refused = await errorOf(prepareSale(world.target, "nobody", PLAN));
  assert.is(refused.kind, "refused");
  assert.is(refused.message, `POST ${world.url}/api/events: 401 UNAUTHENTICATED`);
  const away = { ...world.target, ticket: "http://127.0.0.1:1" };
  const unreachable = await errorOf(prepareSale(away, "admin", PLAN));
  assert.is(unreachable.kind, "unreachable");
  assert.is(unreachable.message, "POST http://127.0.0.1:1/api/events: no connection");
  const nonsense = await errorOf(prepareSale({ ...world.target, ticket: "shop" }, "admin", PLAN));
  assert.is(nonsense.message, "shop is not a URL");
});

test("an answer that is not as agreed is refused, not believed", async (world) => {
  world.shop.trouble = (_method, path) =>
    path.endsWith("/products") ? { status: 201, body: { id: 11, price: 49.91 } } : undefined;
  const price = await errorOf(prepareSale(world.target, "admin", PLAN));
  assert.match(price.message, /it kept another price$/);
  world.shop.trouble = (_method, path) =>
    path.endsWith("test-accounts") ? { status: 200, body: { accounts: [] } } : undefined;
  const accounts = await errorOf(prepareSale(world.target, "admin", PLAN));
  assert.match(accounts.message, /it made 0 accounts$/);
});

test("the books are read page by page and settle when all bookings ended", async (world) => {
  await book(world, 8);
  const reader = { target: world.target, adminToken: "admin", eventId: 7 };
  const open = await readLedger(reader);
  assert.is(open.reservations.length, 8);
  assert.not.ok(isSettled(open));
  for (let id = 101; id <= 108; id += 1) await look(world, id);
  const books = await readLedger(reader);
  assert.ok(isSettled(books));
  assert.equal(
    books.reservations.map(({ id, totalPriceCents }) => [id, totalPriceCents]),
    Array.from({ length: 8 }, (_, i) => [101 + i, 9_980]),
  );
  assert.equal(books.products[0], { id: 11, totalStock: 40, availableStock: 24, held: 16 });
  assert.is(books.payments.length, 8);
  assert.is(books.provider.length, 8);
  assert.is(books.sagas.length, 8);
  assert.is(books.provider[0]?.amountCents, 9_980);
  const pages = world.shop.calls.filter((call) => call.includes("untilReservation=108"));
  assert.ok(pages[0]?.includes("afterReservation=100"));
});

test("an event without bookings has empty books", async (world) => {
  const books = await readLedger({ target: world.target, adminToken: "admin", eventId: 7 });
  assert.is(books.products.length, 3);
  assert.equal([books.reservations, books.payments, books.provider, books.sagas], [[], [], [], []]);
});

test("a payment without a reservation is a ghost, one of another event is not", async (world) => {
  await book(world, 2);
  const pages: Record<string, unknown[]> = {
    payments: [payment(101), payment(555), payment(777)],
    provider: [entry(101), entry(555), entry(777)],
    sagas: [],
  };
  world.shop.trouble = (_method, path) => {
    if (path.endsWith("/api/reservations/555")) return { status: 200, body: { id: 555 } };
    if (!path.includes("untilReservation")) return undefined;
    return { status: 200, body: { ...pages, nextAfter: null } };
  };
  const books = await readLedger({ target: world.target, adminToken: "admin", eventId: 7 });
  assert.equal(
    books.payments.map(({ reservationId }) => reservationId),
    [101, 777],
  );
  assert.equal(
    books.provider.map(({ sagaId }) => sagaId),
    ["s-101", "s-777"],
  );
});

function payment(id: number): object {
  return { id: `p-${id}`, sagaId: `s-${id}`, reservationId: id, amount: 1, status: "COMPLETED" };
}

function entry(id: number): object {
  return { type: "charge", sagaId: `s-${id}`, amount: 1, at: "2026" };
}

test("pages that do not go forward are refused", async (world) => {
  await book(world, 1);
  world.shop.trouble = (_method, path) =>
    path.includes("untilReservation")
      ? { status: 200, body: { payments: [], provider: [], sagas: [], nextAfter: 0 } }
      : undefined;
  const reader = { target: world.target, adminToken: "admin", eventId: 7 };
  const error = await errorOf(readLedger(reader));
  assert.match(error.message, /its pages do not go forward$/);
});

test("waiting for the end returns as soon as it has come, outages and all", async (world) => {
  await book(world, 3);
  let readings = 0;
  world.shop.trouble = (_method, path) => {
    if (!path.includes("limit=0")) return undefined;
    readings += 1;
    if (readings === 1) return "cut";
    for (const booking of world.shop.bookings) booking.status = "CONFIRMED";
    return undefined;
  };
  const ledger = await waitUntilSettled(
    { target: world.target, adminToken: "admin", eventId: 7 },
    { seconds: 10, wallClock: () => "2026-01-01T00:01:00Z" },
  );
  assert.ok(ledger.settled);
  assert.is(ledger.readAt, "2026-01-01T00:01:00Z");
  assert.ok(ledger.settleSeconds >= 0.9 && ledger.settleSeconds < 5, `${ledger.settleSeconds}`);
  assert.is(ledger.reservations.length, 3);
});

test("when the time is up the books are read as they are, still open", async (world) => {
  await book(world, 3);
  const reader = { target: world.target, adminToken: "admin", eventId: 7 };
  const options = { seconds: 0.2, wallClock: () => "2026-01-01T00:01:00Z" };
  const ledger = await waitUntilSettled(reader, options);
  assert.is(ledger.settled, false);
  assert.is(ledger.reservations.length, 3);
  world.shop.trouble = () => "cut";
  assert.is((await errorOf(waitUntilSettled(reader, options))).kind, "unreachable");
});

test("a person who will not wait gets the books at once", async (world) => {
  await book(world, 3);
  const reader = { target: world.target, adminToken: "admin", eventId: 7 };
  const beganMs = performance.now();
  const ledger = await waitUntilSettled(reader, {
    seconds: 60,
    wallClock: () => "now",
    signal: AbortSignal.timeout(100),
  });
  assert.is(ledger.settled, false);
  assert.ok(performance.now() - beganMs < 2_000);
});

test.run();
