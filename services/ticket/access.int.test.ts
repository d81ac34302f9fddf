/** Who may do what, and what bad input does: a 4xx and nothing else. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ListedReservation, Reservation, TicketLedger } from "../common/contracts/ticket.ts";
import type { Call } from "../common/testing/service-harness.ts";
import { anEvent, buy, shopByHttp, startStage } from "./testing/stage.ts";
import { countRows } from "./testing/ticket-database.ts";

const stage = await startStage({ saga: false });
const test = suite("access and input");
test.after(() => stage.end());

const shop = await shopByHttp(stage, { totalStock: 50, maxPerUser: 10 });
const bought = (await buy<Reservation>(stage, shop, { userId: 1, quantity: 2 })).body;
const owner = await stage.token(1);
const stranger = await stage.token(2);
const { admin } = stage;

type Route = readonly [method: string, path: string, body?: unknown];
const send = ([method, path, body]: Route, call: Call = {}) =>
  stage.http("ticket", path, { method, ...(body === undefined ? {} : { body }), ...call });

const ADMIN_ROUTES: readonly Route[] = [
  ["POST", "/api/events", anEvent()],
  ["PATCH", `/api/events/${shop.eventId}`, { name: "Taken over" }],
  ["POST", `/api/events/${shop.eventId}/products`, { name: "X", price: 1, totalStock: 1 }],
  ["PATCH", `/api/products/${shop.productId}`, { price: 0 }],
  ["POST", `/api/events/${shop.eventId}/cancel`],
  ["GET", `/api/events/${shop.eventId}/cancellation`],
  ["GET", "/api/reservations"],
  ["GET", `/api/admin/ledger?eventId=${shop.eventId}`],
];
const USER_ROUTES: readonly Route[] = [
  ["POST", `/api/reservations?eventId=${shop.eventId}`, { productId: shop.productId, quantity: 1 }],
  ["GET", "/api/reservations/my"],
  ["GET", `/api/reservations/${bought.id}`],
  ["PUT", `/api/reservations/${bought.id}/cancel`],
];
const PUBLIC_ROUTES: readonly Route[] = [
  ["GET", "/api/events"],
  ["GET", `/api/events/${shop.eventId}`],
  ["GET", "/api/products"],
  ["GET", "/api/products/available"],
  ["GET", "/api/products/in-stock"],
  ["GET", `/api/products/${shop.productId}`],
  ["GET", "/health"],
  ["GET", "/ready"],
  ["GET", "/metrics"],
  ["GET", "/docs"],
  ["GET", "/openapi.json"],
];

test("the catalogue is public", async () => {
  for (const route of PUBLIC_ROUTES) assert.is((await send(route)).status, 200, route[1]);
});

test("everything else needs a token, and administration an administrator", async () => {
  const before = await countRows(stage.books);
  for (const route of [...ADMIN_ROUTES, ...USER_ROUTES]) {
    for (const token of [undefined, "made.up.token"]) {
      const answer = await send(route, token ? { token } : {});
      assert.is(answer.status, 401, `${route[0]} ${route[1]}`);
      assert.is(answer.body.code, "UNAUTHENTICATED");
    }
  }
  for (const route of ADMIN_ROUTES) {
    const answer = await send(route, { token: owner });
    assert.is(answer.status, 403, `${route[0]} ${route[1]}`);
    assert.is(answer.body.code, "FORBIDDEN");
  }
  assert.equal(await countRows(stage.books), before);
  assert.is((await send(["GET", `/api/events/${shop.eventId}`])).body.name, "Concert");
});

test("a stranger cannot tell another's reservation from one that does not exist", async () => {
  for (const [method, suffix] of [
    ["GET", ""],
    ["PUT", "/cancel"],
  ] as const) {
    const foreign = await send([method, `/api/reservations/${bought.id}${suffix}`], {
      token: stranger,
    });
    const unknown = await send([method, `/api/reservations/999999${suffix}`], { token: stranger });
    assert.is(foreign.status, 404);
    assert.equal(foreign.body, unknown.body);
  }
  const own = await send(["GET", `/api/reservations/${bought.id}`], { token: owner });
  assert.is(own.body.status, "PENDING", "and changed nothing");
});

test("an administrator sees and cancels anybody's", async () => {
  const other = (await buy<Reservation>(stage, shop, { userId: 3 })).body;
  const seen = await send(["GET", `/api/reservations/${other.id}`], { token: admin });
  assert.equal(seen.body, other);
  const done = await send(["PUT", `/api/reservations/${other.id}/cancel`], { token: admin });
  assert.is(done.body.status, "CANCELLED");
});

test("users list their own reservations, newest first, a page at a time", async () => {
  const made: number[] = [];
  for (let n = 0; n < 3; n++) {
    made.unshift((await buy<Reservation>(stage, shop, { userId: 44 })).body.id);
  }
  const token = await stage.token(44);
  const list = async (query: string) =>
    (await stage.http<Reservation[]>("ticket", `/api/reservations/my${query}`, { token })).body.map(
      (one) => one.id,
    );
  assert.equal(await list(""), made);
  assert.equal(await list("?limit=2"), made.slice(0, 2));
  assert.equal(await list(`?before=${made[1]}`), made.slice(2));
});

test("administrators list everybody's reservations by user, event, product and status", async () => {
  const own = await shopByHttp(stage, { totalStock: 9 });
  const made = [];
  for (const user of [51, 52, 51]) {
    made.push((await buy<Reservation>(stage, own, { userId: user })).body);
  }
  await send(["PUT", `/api/reservations/${made[2]!.id}/cancel`], { token: admin });
  const list = async (query: string) =>
    (await stage.http<ListedReservation[]>("ticket", `/api/reservations${query}`, { token: admin }))
      .body;
  const ids = async (query: string) => (await list(query)).map((one) => one.id);
  const all = made.map((one) => one.id);
  assert.equal(await ids(`?eventId=${own.eventId}`), all);
  assert.equal(await ids(`?productId=${own.productId}&userId=51`), [all[0], all[2]]);
  assert.equal(await ids(`?eventId=${own.eventId}&status=CANCELLED`), [all[2]]);
  assert.equal(await ids("?userId=52"), [all[1]]);
  assert.equal(await ids(`?eventId=${own.eventId}&limit=1&after=${all[0]}`), [all[1]]);
  assert.equal(await ids("?eventId=999999"), []);
  const [first, , last] = await list(`?eventId=${own.eventId}`);
  assert.equal(first, { ...made[0], eventId: own.eventId, cancelReason: null });
  assert.is(last?.cancelReason, "cancelled by the buyer");
});

test("the books show all of an event in pages, and its stock at one instant", async () => {
  const own = await shopByHttp(stage, { price: 0.1, totalStock: 9 });
  for (let user = 1; user <= 3; user++) await buy(stage, own, { userId: user, quantity: 2 });
  const read = async (query: string) =>
    (
      await stage.http<TicketLedger>("ticket", `/api/admin/ledger?eventId=${own.eventId}${query}`, {
        token: admin,
      })
    ).body;
  const all = await read("");
  assert.equal(all.stock, [
    {
      productId: own.productId,
      name: "Seat",
      totalStock: 9,
      availableStock: 3,
      held: 6,
      pending: 6,
    },
  ]);
  assert.is(all.reservations.length, 3);
  assert.is(all.nextAfter, null);
  const [first] = all.reservations;
  assert.is(first?.totalPrice, 0.2);
  assert.is(first?.createdAt, new Date(first?.createdAt ?? "").toISOString());
  const page = await read("&limit=2");
  assert.equal(page.reservations, all.reservations.slice(0, 2));
  const rest = await read(`&limit=2&afterReservation=${page.nextAfter}`);
  assert.equal(rest.reservations, all.reservations.slice(2));
  const stockOnly = await read("&limit=0");
  assert.equal(stockOnly, { stock: all.stock, reservations: [], nextAfter: null });
  const none = await send(["GET", "/api/admin/ledger?eventId=999999"], { token: admin });
  assert.is(none.body.code, "NOT_FOUND");
});

const buyPath = `/api/reservations?eventId=${shop.eventId}`;
const { productId } = shop;
const eventPath = `/api/events/${shop.eventId}`;
const aProduct = { name: "X", price: 1, totalStock: 1 };

const BAD: readonly Route[] = [
  ...[-1, 0, 1.5, 1e9, "1", null, true, [], {}].map(
    (quantity): Route => ["POST", buyPath, { productId, quantity }],
  ),
  ...[0, -1, 1.5, 2 ** 31, 2 ** 53, "1", null].map(
    (id): Route => ["POST", buyPath, { productId: id, quantity: 1 }],
  ),
  ["POST", buyPath, `{"productId":${productId},"quantity":1e400}`],
  ["POST", buyPath, `{"productId":${productId},"quantity":1,"price":0}`],
  ["POST", buyPath, `{"productId":${productId},"quantity":1,"__proto__":{"x":1}}`],
  ["POST", buyPath, "{"],
  ["POST", buyPath, "[]"],
  ["POST", buyPath, "null"],
  ["POST", buyPath, '""'],
  ...["", "?eventId=", "?eventId=0", "?eventId=-1", "?eventId=1e3", "?eventId=99999999999"].map(
    (query): Route => ["POST", `/api/reservations${query}`, { productId, quantity: 1 }],
  ),
  ["POST", `${buyPath}&eventId=2`, { productId, quantity: 1 }],
  ["POST", `${buyPath}&clientId=%00`, { productId, quantity: 1 }],
  ...["name", "venue", "description"].map(
    (field): Route => ["POST", "/api/events", anEvent({ [field]: "nul\0" })],
  ),
  ["POST", "/api/events", anEvent({ name: " " })],
  ["POST", "/api/events", anEvent({ name: "x".repeat(201) })],
  ["POST", "/api/events", anEvent({ id: 1 })],
  ["POST", "/api/events", { name: "only" }],
  ...["soon", "", 5, "2030-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"].map(
    (eventDate): Route => ["POST", "/api/events", anEvent({ eventDate })],
  ),
  ["POST", "/api/events", anEvent({ saleEndAt: anEvent().saleStartAt })],
  ["PATCH", eventPath, {}],
  ["PATCH", eventPath, { saleStartAt: "9000-01-01T00:00:00Z" }],
  ["PATCH", eventPath, { status: "ENDED" }],
  ...[-0.01, 0.001, 1e13, "1", null].map(
    (price): Route => ["POST", `${eventPath}/products`, { ...aProduct, price }],
  ),
  ...[-1, 1.5, 1e9, "1"].map(
    (totalStock): Route => ["POST", `${eventPath}/products`, { ...aProduct, totalStock }],
  ),
  ...[0, -1, 1_001, 0.5].map(
    (maxPerUser): Route => ["POST", `${eventPath}/products`, { ...aProduct, maxPerUser }],
  ),
  ["POST", `${eventPath}/products`, { ...aProduct, availableStock: 5 }],
  ["PATCH", `/api/products/${productId}`, { availableStock: 5 }],
  ["PATCH", `/api/products/${productId}`, { eventId: 5 }],
  ...["0", "-1", "1.0", "1e3", "x", "2147483648", "%00", "99999999999999999999"].flatMap(
    (id): Route[] => [
      ["GET", `/api/events/${id}`],
      ["GET", `/api/products/${id}`],
      ["GET", `/api/reservations/${id}`],
      ["PUT", `/api/reservations/${id}/cancel`],
      ["POST", `/api/events/${id}/cancel`],
      ["PATCH", `/api/events/${id}`, { name: "X" }],
    ],
  ),
  ["GET", "/api/reservations?userId=0"],
  ["GET", "/api/reservations?eventId=x"],
  ["GET", "/api/reservations?status=pending"],
  ["GET", "/api/reservations?limit=101"],
  ["GET", "/api/events/0/cancellation"],
  ["GET", "/api/events?limit=0"],
  ["GET", "/api/events?limit=101"],
  ["GET", "/api/events?after=-1"],
  ["GET", "/api/products?after=99999999999"],
  ["GET", "/api/products?eventId=x"],
  ["GET", "/api/reservations/my?limit=x"],
  ["GET", "/api/admin/ledger"],
  ["GET", `/api/admin/ledger?eventId=${shop.eventId}&limit=-1`],
  ["GET", `/api/admin/ledger?eventId=${shop.eventId}&limit=99999`],
];

test("bad input is refused by name and changes nothing", async () => {
  const before = await countRows(stage.books);
  const headers = { "x-pass-token": stage.queue.issue(shop.eventId, 999) };
  for (const route of BAD) {
    const answer = await send(route, { token: admin, headers });
    const shown = `${route[0]} ${route[1]} ${JSON.stringify(route[2])}: ${JSON.stringify(answer.body)}`;
    assert.is(answer.status, 400, shown);
    assert.is(answer.body.code, "VALIDATION_FAILED", shown);
    assert.ok(Array.isArray(answer.body.errors), shown);
  }
  assert.equal(await countRows(stage.books), before);
  assert.equal(
    stage.queue.calls.filter((call) => call === "restore"),
    [],
    "no pass was touched",
  );
});

test("headers that do not fit, odd media types and huge bodies are refused", async () => {
  const before = await countRows(stage.books);
  const route: Route = ["POST", buyPath, { productId, quantity: 1 }];
  const pass = stage.queue.issue(shop.eventId, 1);
  const attempts = [
    [{ "x-pass-token": "p".repeat(101) }, 400],
    [{ "x-pass-token": pass, "idempotency-key": "two words" }, 400],
    [{ "x-pass-token": pass, "idempotency-key": "k".repeat(129) }, 400],
    [{ "x-pass-token": pass, "content-type": "text/plain" }, 415],
    [{ "x-pass-token": pass, "content-type": "application/xml" }, 415],
  ] as const;
  for (const [headers, status] of attempts) {
    const answer = await send(route, { token: owner, headers });
    assert.is(answer.status, status, JSON.stringify(answer.body));
  }
  const huge: Route = ["POST", "/api/events", anEvent({ description: "x".repeat(70_000) })];
  assert.is((await send(huge, { token: admin })).status, 413);
  assert.equal(await countRows(stage.books), before);
  assert.ok(stage.queue.isUsable(pass));
});

test("unknown paths and methods are not found", async () => {
  for (const route of [
    ["GET", "/api/nothing"],
    ["DELETE", `/api/events/${shop.eventId}`],
    ["PUT", "/api/reservations"],
  ] as const) {
    assert.is((await send(route, { token: admin })).body.code, "NOT_FOUND");
  }
});

test("the documentation names every route", async () => {
  const { paths } = (await send(["GET", "/openapi.json"])).body as {
    paths: Record<string, Record<string, { summary?: string; responses: object }>>;
  };
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, one]) => ({ name: `${method} ${path}`, ...one })),
  );
  assert.is(operations.length, 21);
  for (const { name, summary, responses } of operations) {
    assert.ok(summary, name);
    assert.ok(Object.keys(responses).length > 1, name);
  }
});

test.run();
