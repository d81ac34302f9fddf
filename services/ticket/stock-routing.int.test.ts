/** Two ticket processes on one database and a real NATS server: a product's requests meet in one of them. */
import { randomUUID } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eventually, testNatsUrl } from "../common/testing/service-harness.ts";
import { ownerOf } from "./stock-routing.ts";
import { buy, type Stage, shopByHttp, startStage } from "./testing/stage.ts";
import { assertEquation, type Shop } from "./testing/ticket-database.ts";

/** By where a process' requests were decided. */
async function routesOf({ url }: Stage): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.matchAll(/^reservations_routed_total\{where="(\w+)"[^}]*\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, where, count]) => [where, Number(count)]));
}

async function known({ broker }: Stage): Promise<number> {
  return broker.registry.getActionEndpoints("ticket.decideReservation").endpoints.length;
}

/** Each buyer with a pass that both stand-ins for the queue know. */
function buyThrough(stage: Stage, stages: readonly Stage[], shop: Shop, users: readonly number[]) {
  return Promise.all(
    users.map((userId) => {
      const pass = stage.queue.issue(shop.eventId, userId);
      for (const { queue } of stages) queue.passes.set(pass, stage.queue.passes.get(pass)!);
      return buy(stage, shop, { userId, pass });
    }),
  );
}

const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

test("each product is decided by its owner, whoever is asked, and by the other once that is gone", async () => {
  const settings = {
    NATS_URL: testNatsUrl(),
    ROUTE_BY_PRODUCT: "true",
    REQUEST_TIMEOUT_MS: "1000",
  };
  const namespace = `routing-${randomUUID()}`;
  const one = await startStage({ settings, namespace, saga: false });
  const other = await startStage({ settings, namespace, saga: false, database: one.database });
  const stages = [one, other];
  try {
    for (const stage of stages)
      await eventually(
        () => known(stage),
        (count) => count === 2,
      );
    const shop = await shopByHttp(one, { totalStock: 120 });
    const nodes = stages.map(({ broker }) => broker.nodeID);
    const owner = stages.find(({ broker }) => broker.nodeID === ownerOf(shop.productId, nodes))!;
    const asked = owner === one ? other : one;

    const sold = await Promise.all([
      buyThrough(owner, stages, shop, from(1_000, 30)),
      buyThrough(asked, stages, shop, from(2_000, 30)),
    ]);
    assert.equal([...new Set(sold.flat().map(({ status }) => status))], [201]);
    assert.equal(await routesOf(owner), { own: 30 });
    assert.equal(await routesOf(asked), { owner: 30 });

    // In the middle of it the owner is cut off, as a crash would.
    const [during] = await Promise.all([
      buyThrough(asked, stages, shop, from(3_000, 30)),
      owner.broker.transit?.disconnect(),
    ]);
    assert.equal([...new Set(during.map(({ status }) => status))], [201]);
    const last = await buyThrough(asked, stages, shop, from(4_000, 40));
    assert.equal(last.map(({ status }) => status).sort(), [
      ...Array(30).fill(201),
      ...Array(10).fill(409),
    ]);
    await assertEquation(one.books);
  } finally {
    await other.end({ keepDatabase: true });
    await one.end();
  }
});

test.run();
