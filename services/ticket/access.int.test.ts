/** Who may do what, and who sees what of the books. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ListedReservation, Reservation, TicketLedger } from "../common/contracts/ticket.ts";
import type { Call } from "../common/testing/service-harness.ts";
import { anEvent, buy, shopByHttp, startStage } from "./testing/stage.ts";
import { countRows } from "./testing/ticket-database.ts";

const stage = await startStage({ saga: false });
const test = suite("access");
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
