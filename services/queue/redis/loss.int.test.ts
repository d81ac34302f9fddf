/** Redis loses everything, or goes back in time: order, limit and settings outlive it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ControlledClock, StoreOptions } from "../conformance/conformance.ts";
import { EVENT, names, Scene } from "../conformance/scene.ts";
import { controlledClock, startRedisStage } from "../testing/redis-stage.ts";
import type { PlaceInLine } from "../waiting-room-store.ts";
import type { RedisWaitingRoom } from "./redis-waiting-room.ts";

const stage = await startRedisStage();
const test = suite("on Redis: loss");
const RECOVERY_MS = 5_000;
const MINUTE_MS = 60_000;

/** Two queue processes on one Redis, as far as the store can tell. */
async function withTwo(
  options: StoreOptions,
  body: (a: Scene, b: Scene, clock: ControlledClock, stores: RedisWaitingRoom[]) => Promise<void>,
): Promise<void> {
  const { store, clock } = await stage.openEmpty(options);
  const other = await stage.open(clock, options);
  try {
    await body(new Scene(store, clock), new Scene(other, clock), clock, [store, other]);
  } finally {
    await store.close();
    await other.close();
  }
}

/** Joins them in batches and returns their places. */
async function lineUp(scene: Scene, clients: readonly string[]): Promise<Map<string, PlaceInLine>> {
  const places = new Map<string, PlaceInLine>();
  for (let from = 0; from < clients.length; from += 250) {
    const some = clients.slice(from, from + 250);
    const joined = await scene.store.enqueue(some.map((one) => scene.joining(one)));
    for (const [at, one] of joined.entries()) {
      if (one.result === "waiting") places.set(some[at]!, one);
    }
  }
  return places;
}

async function comeBack(scene: Scene, places: ReadonlyMap<string, PlaceInLine>, who: string[]) {
  const joining = who.map((one) => ({ ...scene.joining(one, places.get(one)), onlyBack: true }));
  return scene.store.enqueue(joining);
}

const clientsOf = (admitted: readonly { clientId: string }[]) =>
  admitted.map((one) => one.clientId);
/** Fixed and thorough: the same disorder in each run. */
const scrambled = (clients: readonly string[]) =>
  clients
    .map((one, at) => [(at * 7_919) % clients.length, one] as const)
    .sort((a, b) => a[0] - b[0]);

test("the order of ticket holders is restored within 5 s, and nobody is admitted before", async () => {
  await withTwo({ settings: { permitsPerMinute: 6_000 } }, async (a, b, clock) => {
    const clients = names(1_000);
    const places = await lineUp(a, clients);
    const before = [...(await a.admit()), ...(await b.admit())];
    const waiting = clients.slice(before.length);
    await stage.client.flushall();
    // The first to look brings the room back; the other adds what it knows.
    assert.equal([await a.admit(), await b.admit()], [[], []]);
    const newcomers = await b.join("newcomer");
    assert.is(newcomers.result, "waiting");
    const order = scrambled(waiting).map(([, one]) => one);
    for (let from = 0; from < order.length; from += 250) {
      clock.advance(RECOVERY_MS / 5);
      assert.equal(await (from % 500 ? a : b).admit(), []);
      const back = await comeBack(from % 500 ? a : b, places, order.slice(from, from + 250));
      assert.ok(back.every((one) => one.result === "waiting"));
    }
    assert.is(await a.position(waiting[0]!), 0);
    assert.is(await b.position("newcomer"), waiting.length);
    clock.advance(RECOVERY_MS);
    const polling = waiting.slice(0, 600).map((one) => a.polling(one));
    await a.store.poll(polling);
    const after = [...(await a.admit()), ...(await b.admit())];
    assert.ok(after.length > 0);
    assert.equal(clientsOf(after), waiting.slice(0, after.length));
  });
});

test("no window holds more than the limit, whoever knew of which admission", async () => {
  const burst: StoreOptions = { settings: { permitsPerMinute: 100, pacing: "burst" } };
  await withTwo(burst, async (a, b, clock) => {
    const clients = names(400);
    const places = await lineUp(a, clients);
    assert.is((await a.admit()).length, 100);
    assert.is((await b.admit()).length, 0);
    clock.advance(20_000);
    assert.is((await b.admit()).length, 0);
    await stage.client.flushall();
    await b.admit();
    await a.admit();
    await comeBack(a, places, clients.slice(100));
    const hear = () => a.store.poll(clients.slice(100).map((one) => a.polling(one)));
    let admitted = 0;
    for (let ms = 20_000; ms < MINUTE_MS; ms += 1_000) {
      await hear();
      admitted += (await a.admit()).length + (await b.admit()).length;
      clock.advance(1_000);
    }
    assert.is(admitted, 0);
    clock.advance(1);
    await hear();
    assert.is((await a.admit()).length + (await b.admit()).length, 100);
  });
});

test("what nobody alive has seen counts as admitted: its process died with it", async () => {
  const burst: StoreOptions = { settings: { permitsPerMinute: 100, pacing: "burst" } };
  await withTwo(burst, async (a, b, clock) => {
    const clients = names(400);
    await lineUp(a, clients);
    await b.store.changeSettings(EVENT, { paused: true });
    await b.admit();
    await b.store.changeSettings(EVENT, { paused: false });
    const lost = (await a.admit()).length;
    assert.is(lost, 100);
    await stage.client.flushall();
    // Only b is left, which looked before a admitted.
    clock.advance(1_000);
    await b.admit();
    await lineUp(b, clients);
    clock.advance(RECOVERY_MS);
    await b.store.poll(clients.map((one) => b.polling(one)));
    assert.equal(await b.admit(), []);
    clock.advance(MINUTE_MS - RECOVERY_MS);
    await b.store.poll(clients.map((one) => b.polling(one)));
    assert.equal(await b.admit(), []);
    clock.advance(1);
    assert.is((await b.admit()).length, 100);
  });
});

test("with smooth pacing a loss costs the recovery and a permit or two, no whole minute", async () => {
  await withTwo({ settings: { permitsPerMinute: 600 } }, async (a, b, clock) => {
    const clients = names(2_000);
    const places = await lineUp(a, clients);
    let served = 0;
    const run = async (ms: number) => {
      let admitted = 0;
      for (let passed = 0; passed < ms; passed += 100) {
        clock.advance(100);
        if (passed % 2_000 === 0) {
          const waiting = clients.slice(served, served + 500);
          await a.store.poll(waiting.map((one) => a.polling(one)));
        }
        const now = (await a.admit()).length + (await b.admit()).length;
        served += now;
        admitted += now;
      }
      return admitted;
    };
    assert.ok((await run(30_000)) >= 295);
    await stage.client.flushall();
    await a.admit();
    await comeBack(b, places, clients.slice(served));
    const after = await run(30_000);
    // 250 in the 25 s after the recovery, and what a second has let accumulate.
    assert.ok(after >= 240 && after <= 261, `${after}`);
  });
});

test("a pause, a rate and their like outlive the loss", async () => {
  await withTwo({}, async (a, b) => {
    await lineUp(a, names(10));
    await a.admit();
    await b.admit();
    await b.store.changeSettings(EVENT, { paused: true, permitsPerMinute: 7 });
    await stage.client.flushall();
    // It has not heard of the change; the other has.
    await a.admit();
    await b.admit();
    const settings = await a.store.readSettings(EVENT);
    assert.equal([settings.paused, settings.permitsPerMinute], [true, 7]);
  });
});

test("a Redis that went back in time admits nobody twice as fast", async () => {
  const burst: StoreOptions = { settings: { permitsPerMinute: 50, pacing: "burst" } };
  await withTwo(burst, async (a, b, clock) => {
    const clients = names(200);
    await lineUp(a, clients);
    await a.store.changeSettings(EVENT, { permitsPerMinute: 20 });
    assert.is((await a.admit()).length, 20);
    const old = await dump();
    await a.store.changeSettings(EVENT, { permitsPerMinute: 50 });
    assert.is((await b.admit()).length, 30);
    await stage.client.flushall();
    for (const [key, value] of old) await stage.client.restore(key, 0, value);
    // a knows of 20, as Redis does now; b knows of 50.
    assert.equal([await b.admit(), await a.admit()], [[], []]);
    for (let ms = 0; ms < MINUTE_MS; ms += 2_000) {
      await a.store.poll(clients.map((one) => a.polling(one)));
      assert.equal([await a.admit(), await b.admit()], [[], []]);
      clock.advance(2_000);
    }
    clock.advance(1);
    await a.store.poll(clients.map((one) => a.polling(one)));
    assert.is((await a.admit()).length, 50);
  });
});

async function dump(): Promise<(readonly [string, Buffer])[]> {
  const keys = await stage.client.keys("*");
  return Promise.all(
    keys.map(async (key) => [key, (await stage.client.dumpBuffer(key))!] as const),
  );
}

test("a ticket of before the loss counts once, whoever takes it", async () => {
  await withTwo({ settings: { permitsPerMinute: 600 } }, async (a, b, clock) => {
    const places = await lineUp(a, names(50));
    await a.admit();
    await stage.client.flushall();
    await a.admit();
    await comeBack(b, places, ["client40"]);
    await b.leave("client40");
    const [again] = await comeBack(a, places, ["client40"]);
    assert.equal(again, { result: "closed", because: "noPlace" });
    clock.advance(1_800_000);
    const [late] = await comeBack(a, places, ["client41"]);
    assert.equal(late, { result: "closed", because: "noPlace" });
  });
});

test("an unspent pass outlives the loss, a spent one does not come back", async () => {
  await withTwo({ settings: { permitsPerMinute: 6_000, pacing: "burst" } }, async (a, b, clock) => {
    const places = await lineUp(a, names(3_000));
    const admitted = await a.admit();
    assert.is(admitted.length, 3_000);
    const [spent, left, kept] = admitted;
    assert.is(await a.redeem(spent!.clientId, spent!.passToken, "order"), "redeemed");
    assert.is(await a.leave(left!.clientId), "left");
    clock.advance(1_000);
    await stage.client.flushall();
    // b issued none and sees the loss first; one client comes back to its place before a tells.
    await b.admit();
    await comeBack(b, places, [kept!.clientId]);
    await a.admit();
    assert.is((await b.store.admit(EVENT, b.sale)).lookAgainMs, RECOVERY_MS);
    const polled = await b.poll(kept!.clientId);
    assert.equal(polled.result === "admitted" && polled.expiresAtMs, kept!.expiresAtMs);
    assert.is(await b.redeem(kept!.clientId, kept!.passToken, "order"), "redeemed");
    assert.is(await b.redeem(spent!.clientId, spent!.passToken, "again"), "invalid");
    assert.is((await b.poll(left!.clientId)).result, "notInLine");
    const last = admitted.at(-1)!;
    assert.is(await b.redeem(last.clientId, last.passToken, "order"), "redeemed");
    const { active, waiting } = await b.store.stats(EVENT);
    assert.equal([active, waiting], [2_996, 0]);
  });
});

test("where nobody could be heard, silence is forgiven for 65 s, and counts again afterwards", async () => {
  await stage.client.flushall();
  const clock = controlledClock(Date.now() + 86_400_000);
  const store = await stage.open(clock, { outageMs: 5_000 });
  try {
    const scene = new Scene(store, clock);
    await store.changeSettings(EVENT, { paused: true });
    await scene.line("a", "b", "c");
    await scene.admit();
    // Redis or all processes were away: nobody looked, nobody could poll.
    clock.advance(200_000);
    assert.is(await scene.position("c"), 2);
    await store.changeSettings(EVENT, { paused: false, permitsPerMinute: 1 });
    assert.equal(clientsOf(await scene.admit()), ["a"]);
    for (let ms = 0; ms < 66_000; ms += 2_000) {
      clock.advance(2_000);
      await scene.poll("c");
      assert.ok(clientsOf(await scene.admit()).every((one) => one === "b"));
    }
    // "b" was silent all the time: admitted while it was forgiven, or given way since.
    assert.is(await scene.position("c"), 0);
  } finally {
    await store.close();
  }
});

test.after(() => stage.stop());
test.run();
