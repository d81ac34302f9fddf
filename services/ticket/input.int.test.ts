/** What bad input does: a 4xx and nothing else. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Call } from "../common/testing/service-harness.ts";
import { anEvent, shopByHttp, startStage } from "./testing/stage.ts";
import { countRows } from "./testing/ticket-database.ts";

const stage = await startStage({ saga: false });
const test = suite("input");
test.after(() => stage.end());

const shop = await shopByHttp(stage, { totalStock: 50, maxPerUser: 10 });
const owner = await stage.token(1);
const { admin } = stage;

type Route = readonly [method: string, path: string, body?: unknown];
const send = ([method, path, body]: Route, call: Call = {}) =>
  stage.http("ticket", path, { method, ...(body === undefined ? {} : { body }), ...call });

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

test.run();
