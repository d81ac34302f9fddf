/** In a Redis Cluster all keys of an event lie in one slot, and the store works as elsewhere. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { processEnvironment } from "../../common/config.ts";
import { createLog } from "../../common/log.ts";
import { findFreePorts } from "../../common/servers/ports.ts";
import { startRedis } from "../../common/servers/redis-server.ts";
import { eventually } from "../../common/testing/service-harness.ts";
import { type OpenStore, USUAL_SETTINGS } from "../conformance/conformance.ts";
import { orderPromises } from "../conformance/order.ts";
import { passPromises } from "../conformance/passes.ts";
import { ratePromises } from "../conformance/rate.ts";
import { EVENT, Scene } from "../conformance/scene.ts";
import { ticketPromises } from "../conformance/tickets.ts";
import { controlledClock } from "../testing/redis-stage.ts";
import { openRedisWaitingRoom } from "./redis-waiting-room.ts";

const dir = await mkdtemp(join(tmpdir(), "reservex-cluster-"));
const [clusterBusPort] = await findFreePorts(1);
const server = await startRedis({
  environment: processEnvironment(),
  log: () => {},
  dir,
  clusterBusPort: clusterBusPort!,
});
const node = new Redis(server.url);
await node.cluster("ADDSLOTSRANGE", 0, 16_383);
await eventually(
  async () => String(await node.cluster("INFO")),
  (info) => info.includes("cluster_state:ok"),
);

const open = async (settings: object, more: object) => {
  const clock = controlledClock(Date.now() + 86_400_000);
  const store = await openRedisWaitingRoom({
    url: server.url,
    cluster: true,
    settings: { ...USUAL_SETTINGS, ...settings },
    waitingTtlSeconds: 1_800,
    ...more,
    givenClock: clock,
    log: createLog("fatal"),
  });
  return { store, clock };
};

/** One keyspace, so only promises that need a single store at a time. */
const openEmpty: OpenStore = async ({ settings = {}, ...more } = {}) => {
  await node.flushall();
  return open(settings, more);
};
orderPromises("on a Redis Cluster", openEmpty);
ticketPromises("on a Redis Cluster", openEmpty);
ratePromises("on a Redis Cluster", openEmpty);
passPromises("on a Redis Cluster", openEmpty);

const test = suite("on a Redis Cluster: keys");

test("all keys of an event share a slot, those of two events need not", async () => {
  await node.flushall();
  const { store, clock } = await open({}, {});
  const scene = new Scene(store, clock);
  await scene.line("a", "b");
  const pass = await scene.passFor("c");
  await scene.redeem("c", pass.passToken, "order");
  await scene.join("a", undefined, EVENT + 1);
  await scene.store.enqueue([scene.joining("d"), scene.joining("e", undefined, EVENT + 1)]);
  const slots = new Map<string, Set<number>>();
  for (const key of await node.keys("*")) {
    const tag = /^q:\{(\d+)\}:/.exec(key)?.[1] ?? "none";
    slots.set(tag, (slots.get(tag) ?? new Set()).add(Number(await node.cluster("KEYSLOT", key))));
  }
  assert.equal([...slots.keys()].sort(), [String(EVENT), String(EVENT + 1)]);
  for (const found of slots.values()) assert.is(found.size, 1);
  await store.close();
});

test.after(async () => {
  node.disconnect();
  await server.stop();
  await rm(dir, { recursive: true });
});
test.run();
