/** Events and products through HTTP. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENT_CHANGED, type Product, type SaleEvent } from "../common/contracts/ticket.ts";
import { eventually } from "../common/testing/service-harness.ts";
import { anEvent, buy, shopByHttp, startStage } from "./testing/stage.ts";
import { inHours } from "./testing/ticket-database.ts";

const changed: unknown[] = [];
const stage = await startStage();
stage.broker.createService({
  name: "gate",
  events: { [EVENT_CHANGED]: (ctx: { params: unknown }) => void changed.push(ctx.params) },
});
const test = suite("catalogue");
test.after(() => stage.end());

const get = <T = Record<string, unknown>>(path: string) => stage.http<T>("ticket", path);
const patch = <T = Record<string, unknown>>(path: string, body: unknown) =>
  stage.http<T>("ticket", path, { method: "PATCH", token: stage.admin, body });
const statusOf = async (id: number) => (await get<SaleEvent>(`/api/events/${id}`)).body.status;

test("an event is created, found and listed", async () => {
  const body = anEvent({ eventDate: "2031-05-05T20:00:00+02:00" });
  const made = await stage.http<SaleEvent>("ticket", "/api/events", { token: stage.admin, body });
  assert.is(made.status, 201);
  assert.is(made.headers.get("location"), `/api/events/${made.body.id}`);
  assert.is(made.body.eventDate, "2031-05-05T18:00:00.000Z");
  assert.is(made.body.status, "SELLING");
  assert.equal((await get(`/api/events/${made.body.id}`)).body, made.body);
  const listed = await get<SaleEvent[]>(`/api/events?after=${made.body.id - 1}&limit=1`);
  assert.equal(listed.body, [made.body]);
  await eventually(
    async () => changed,
    (all) => all.some((one) => (one as { eventId: number }).eventId === made.body.id),
  );
});

test("lists go on after an id, a page at a time", async () => {
  for (let n = 0; n < 3; n++) await shopByHttp(stage);
  const all = await get<SaleEvent[]>("/api/events");
  const pages: SaleEvent[] = [];
  for (let after = 0; ; ) {
    const page = (await get<SaleEvent[]>(`/api/events?after=${after}&limit=2`)).body;
    if (page.length === 0) break;
    pages.push(...page);
    after = page.at(-1)!.id;
  }
  assert.equal(pages, all.body);
});

test("an event's status follows time and stock", async () => {
  const early = await shopByHttp(stage, {}, { saleStartAt: inHours(0.5) });
  assert.is(await statusOf(early.eventId), "SCHEDULED");
  const over = await shopByHttp(stage, {}, { saleEndAt: inHours(-0.1) });
  assert.is(await statusOf(over.eventId), "ENDED");
  const shop = await shopByHttp(stage, { totalStock: 1 });
  assert.is(await statusOf(shop.eventId), "SELLING");
  const bought = await buy(stage, shop);
  assert.is(await statusOf(shop.eventId), "SOLD_OUT");
  await stage.http("ticket", `/api/reservations/${bought.body.id}/cancel`, {
    method: "PUT",
    token: await stage.token(1),
  });
  assert.is(await statusOf(shop.eventId), "SELLING");
  const empty = await stage.http<SaleEvent>("ticket", "/api/events", {
    token: stage.admin,
    body: anEvent(),
  });
  assert.is(await statusOf(empty.body.id), "SELLING");
});

test("an event is changed by the fields that are named", async () => {
  const { event } = await shopByHttp(stage);
  const answer = await patch<SaleEvent>(`/api/events/${event.id}`, { name: "Ball" });
  assert.is(answer.status, 200);
  const { updatedAt, ...rest } = answer.body;
  const { updatedAt: before, ...old } = event;
  assert.equal(rest, { ...old, name: "Ball" });
  assert.ok(updatedAt > before);
  const wrong = await patch(`/api/events/${event.id}`, { saleEndAt: inHours(-2) });
  assert.is(wrong.body.code, "VALIDATION_FAILED");
  assert.is((await patch("/api/events/999999", { name: "Ball" })).body.code, "NOT_FOUND");
});

test("a product has its event's window or a narrower one of its own", async () => {
  const { event, product } = await shopByHttp(stage);
  assert.is(product.saleStartAt, event.saleStartAt);
  assert.is(product.saleEndAt, event.saleEndAt);
  assert.is(product.maxPerUser, 4);
  assert.is(product.price, 49.9);
  assert.is(product.availableStock, 10);
  const saleStartAt = inHours(0.5);
  const own = await patch<Product>(`/api/products/${product.id}`, { saleStartAt });
  assert.is(own.body.saleStartAt, saleStartAt);
  const wider = await patch(`/api/products/${product.id}`, { saleStartAt: inHours(-9) });
  assert.is(wider.body.code, "VALIDATION_FAILED");
  // The event's window moves on; the product's own stays as it is, and neither sells alone.
  await patch(`/api/events/${event.id}`, { saleEndAt: inHours(0.2) });
  const renamed = await patch<Product>(`/api/products/${product.id}`, { name: "Box" });
  assert.is(renamed.body.name, "Box");
});

test("products are listed by event, by what is on sale and by what is left", async () => {
  const open = await shopByHttp(stage, { totalStock: 1 });
  const early = await shopByHttp(stage, {}, { saleStartAt: inHours(0.5) });
  const ids = async (path: string) => (await get<Product[]>(path)).body.map((one) => one.id);
  for (const path of ["/api/products", "/api/products/available", "/api/products/in-stock"]) {
    assert.equal(await ids(`${path}?eventId=${open.eventId}`), [open.productId], path);
  }
  assert.equal(await ids(`/api/products/available?eventId=${early.eventId}`), []);
  assert.equal(await ids(`/api/products/in-stock?eventId=${early.eventId}`), [early.productId]);
  await buy(stage, open);
  assert.equal(await ids(`/api/products/available?eventId=${open.eventId}`), []);
  assert.equal(await ids(`/api/products/in-stock?eventId=${open.eventId}`), []);
  assert.equal(await ids(`/api/products?eventId=${open.eventId}`), [open.productId]);
  const one = await get<Product>(`/api/products/${open.productId}`);
  assert.is(one.body.availableStock, 0);
  assert.is((await get("/api/products/999999")).body.code, "NOT_FOUND");
});

test("a new total moves the stock for sale, and what is sold stays sold", async () => {
  const shop = await shopByHttp(stage, { totalStock: 5 });
  await buy(stage, shop, { quantity: 3 });
  const more = await patch<Product>(`/api/products/${shop.productId}`, { totalStock: 8 });
  assert.is(more.body.availableStock, 5);
  const exact = await patch<Product>(`/api/products/${shop.productId}`, { totalStock: 3 });
  assert.is(exact.body.availableStock, 0);
  const less = await patch(`/api/products/${shop.productId}`, { totalStock: 2 });
  assert.is(less.status, 409);
  assert.is(less.body.code, "INVALID_STATE");
  assert.is((await get<Product>(`/api/products/${shop.productId}`)).body.totalStock, 3);
});

test("a price change leaves reservations as they were bought", async () => {
  const shop = await shopByHttp(stage, { price: 0.1 });
  const bought = await buy(stage, shop, { quantity: 3 });
  assert.is(bought.body.totalPrice, 0.3);
  await patch(`/api/products/${shop.productId}`, { price: 19.99 });
  const after = await stage.http("ticket", `/api/reservations/${bought.body.id}`, {
    token: await stage.token(1),
  });
  assert.is(after.body.totalPrice, 0.3);
});

test("a total that cannot be stored is refused with the product, not with the purchase", async () => {
  const { eventId } = await shopByHttp(stage);
  const body = { name: "Crown", price: 9_999_999_999.99, totalStock: 1 };
  const path = `/api/events/${eventId}/products`;
  const refused = await stage.http("ticket", path, { token: stage.admin, body });
  assert.is(refused.body.code, "VALIDATION_FAILED");
  const one = { ...body, maxPerUser: 1 };
  const made = await stage.http<Product>("ticket", path, { token: stage.admin, body: one });
  assert.is(made.status, 201);
  assert.is(made.body.price, 9_999_999_999.99);
  const bought = await buy(stage, { eventId, productId: made.body.id });
  assert.is(bought.body.totalPrice, 9_999_999_999.99);
});

test("a cancelled event is closed for changes", async () => {
  const shop = await shopByHttp(stage);
  const path = `/api/events/${shop.eventId}`;
  const cancelled = await stage.http("ticket", `${path}/cancel`, {
    method: "POST",
    token: stage.admin,
  });
  assert.is(cancelled.status, 200);
  assert.is(await statusOf(shop.eventId), "CANCELLED");
  assert.is((await patch(path, { name: "Ball" })).body.code, "INVALID_STATE");
  const price = await patch(`/api/products/${shop.productId}`, { price: 1 });
  assert.is(price.body.code, "INVALID_STATE");
  const added = await stage.http("ticket", `${path}/products`, {
    token: stage.admin,
    body: { name: "Late", price: 1, totalStock: 1 },
  });
  assert.is(added.body.code, "INVALID_STATE");
  assert.equal((await get<Product[]>(`/api/products/available?eventId=${shop.eventId}`)).body, []);
});

test("the gate learns what it must know of an event", async () => {
  const { event } = await shopByHttp(stage);
  const { saleStartAt, saleEndAt } = event;
  const ask = (eventId: unknown) => stage.broker.call("ticket.eventForSale", { eventId });
  assert.equal(await ask(event.id), { found: true, saleStartAt, saleEndAt, cancelled: false });
  for (const unknown of [999_999, 0, -1, 1.5, 2 ** 40, "1", undefined]) {
    assert.equal(await ask(unknown), { found: false });
  }
});

test.run();
