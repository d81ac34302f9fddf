/** What lies in Redis, by Redis' own clock: the keys that others may read, and when they end. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENT, Scene } from "../conformance/scene.ts";
import { startRedisStage } from "../testing/redis-stage.ts";

const stage = await startRedisStage();
const test = suite("on Redis: keys");

/** A store that goes by Redis' clock, as in production. */
async function withRoom(body: (scene: Scene) => Promise<void>): Promise<void> {
  await stage.client.flushall();
  const store = await stage.open(undefined, { settings: { permitsPerMinute: 6_000 } });
  const clock = { now: () => Date.now(), advance: () => assert.unreachable() };
  try {
    await body(new Scene(store, clock));
  } finally {
    await store.close();
  }
}

test("the line is a sorted set by the time of arrival, fractions keep the order within a millisecond", async () => {
  await withRoom(async (scene) => {
    const before = Date.now();
    await scene.store.enqueue(["alice", "bob", "carol"].map((one) => scene.joining(one)));
    const line = await stage.client.zrange(`q:${EVENT}:z`, 0, -1, "WITHSCORES");
    assert.equal([line[0], line[2], line[4]], ["u:alice", "u:bob", "u:carol"]);
    const [first, second, third] = [Number(line[1]), Number(line[3]), Number(line[5])];
    assert.ok(first < second && second < third && third - first < 1);
    assert.ok(first >= before - 1_000 && first <= Date.now() + 1_000);
  });
});

test("waiting state is 1 and lives 1800 s from the last sign of life", async () => {
  await withRoom(async (scene) => {
    await scene.line("alice");
    const key = `q:${EVENT}:s:u:alice`;
    assert.is(await stage.client.get(key), "1");
    const lives = async () => await stage.client.pttl(key);
    assert.ok((await lives()) > 1_799_000 && (await lives()) <= 1_800_000);
    await stage.client.pexpire(key, 1_000_000);
    await scene.poll("alice");
    assert.ok((await lives()) > 1_799_000);
    await scene.leave("alice");
    assert.is(await stage.client.exists(key, `q:${EVENT}:z`), 0);
  });
});

test("a pass is a string under the client's name, lives 300 s, and is gone when spent", async () => {
  await withRoom(async (scene) => {
    await scene.line("alice");
    const [admitted] = await scene.admit();
    const key = `q:${EVENT}:pass:u:alice`;
    assert.is(await stage.client.get(key), admitted!.passToken);
    const lives = await stage.client.pttl(key);
    assert.ok(lives > 299_000 && lives <= 300_000);
    assert.is(await scene.redeem("alice", admitted!.passToken, "order"), "redeemed");
    assert.is(await stage.client.get(key), null);
    assert.is(await scene.restore("alice", admitted!.passToken, "order"), "restored");
    assert.is(await stage.client.get(key), admitted!.passToken);
  });
});

test("nothing of a client stays in the line's keys when it is gone", async () => {
  await withRoom(async (scene) => {
    const clients = Array.from({ length: 300 }, (_, id) => `c${id}`);
    await scene.store.enqueue(clients.map((one) => scene.joining(one)));
    for (const one of clients) await scene.leave(one);
    const left = (await stage.client.keys("*")).sort();
    // The page that arrivals go to is kept in the index.
    assert.equal(left, [`q:${EVENT}:m`, `q:${EVENT}:pages`]);
    assert.is(await stage.client.zcard(`q:${EVENT}:pages`), 1);
  });
});

test.after(() => stage.stop());
test.run();
