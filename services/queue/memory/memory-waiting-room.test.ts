/** The in-memory waiting room keeps the contract, agrees with a naive model, and stays fast. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { graceMs, habitOf } from "../advice.ts";
import { conformance, type OpenStore, USUAL_SETTINGS } from "../conformance/conformance.ts";
import { EVENT, Scene } from "../conformance/scene.ts";
import { MemoryWaitingRoom } from "./memory-waiting-room.ts";

const START_MS = 1_700_000_012_345;
const TTL_SECONDS = 1_800;

const openMemory: OpenStore = async (options = {}) => {
  let nowMs = START_MS;
  const clock = {
    now: () => nowMs,
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
  const store = new MemoryWaitingRoom({
    clock,
    settings: { ...USUAL_SETTINGS, ...options.settings },
    waitingTtlSeconds: options.waitingTtlSeconds ?? TTL_SECONDS,
    ...(options.mostWaiting === undefined ? {} : { mostWaiting: options.mostWaiting }),
  });
  return { store, clock };
};

conformance("in memory", openMemory);

const test = suite("in memory: model and size");

/** The line as plainly as it can be said: an array, and a look at each client each time. */
class NaiveLine {
  readonly #clients: { id: string; lastMs: number; toldSeconds: number }[] = [];

  /** In order, without those forgotten by now. */
  kept(nowMs: number) {
    return this.#clients.filter((one) => nowMs - one.lastMs < TTL_SECONDS * 1_000);
  }

  present(nowMs: number) {
    return this.kept(nowMs).filter((one) => nowMs - one.lastMs <= graceMs(one.toldSeconds));
  }

  sign(id: string, nowMs: number, toldSeconds: number): void {
    this.forget(nowMs);
    const known = this.#clients.find((one) => one.id === id);
    if (known) Object.assign(known, { lastMs: nowMs, toldSeconds });
    else this.#clients.push({ id, lastMs: nowMs, toldSeconds });
  }

  forget(nowMs: number): void {
    this.#clients.splice(0, Infinity, ...this.kept(nowMs));
  }

  remove(id: string): void {
    const at = this.#clients.findIndex((one) => one.id === id);
    if (at >= 0) this.#clients.splice(at, 1);
  }
}

const client = fc.nat(11).map((id) => `c${id}`);
const move = fc.oneof(
  fc.record({ what: fc.constant("join" as const), client }),
  fc.record({ what: fc.constant("poll" as const), client }),
  fc.record({ what: fc.constant("leave" as const), client }),
  fc.record({ what: fc.constant("spend" as const), client, giveBack: fc.boolean() }),
  fc.record({
    what: fc.constant("pass" as const),
    ms: fc.oneof(fc.nat(2_000), fc.nat(20_000), fc.nat(130_000), fc.nat(2_000_000)),
  }),
  fc.record({ what: fc.constant("rate" as const), permits: fc.integer({ min: 1, max: 20 }) }),
);

test("whatever clients do, line, passes and rate are those of a naive model", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 120 }), async (moves) => {
      const { store, clock } = await openMemory({ settings: { permitsPerMinute: 5 } });
      const scene = new Scene(store, clock);
      const line = new NaiveLine();
      const passes = new Map<string, { token: string; endMs: number }>();
      const admissions: number[] = [];
      let permits = 5;
      const liveOf = (id: string) => {
        const pass = passes.get(id);
        return pass && pass.endMs > clock.now() ? pass : undefined;
      };
      for (const one of moves) {
        const now = clock.now();
        if (one.what === "pass") clock.advance(one.ms);
        else if (one.what === "rate") {
          permits = one.permits;
          await store.changeSettings(EVENT, { permitsPerMinute: permits });
        } else if (one.what === "leave") {
          const there = line.kept(now).some(({ id }) => id === one.client) || liveOf(one.client);
          assert.is(await scene.leave(one.client), there ? "left" : "notInLine");
          line.remove(one.client);
          passes.delete(one.client);
        } else if (one.what === "spend") {
          const live = liveOf(one.client);
          const token = live?.token ?? "pass_none";
          const expected = live ? "redeemed" : "invalid";
          assert.is(await scene.redeem(one.client, token, "key"), expected);
          if (!live) continue;
          if (one.giveBack) assert.is(await scene.restore(one.client, token, "key"), "restored");
          else passes.delete(one.client);
        } else {
          const joining = one.what === "join";
          const answer = await (joining ? scene.join(one.client) : scene.poll(one.client));
          const live = liveOf(one.client);
          const known = line.kept(now).some(({ id }) => id === one.client);
          if (live) {
            assert.is(answer.result === "admitted" && answer.passToken, live.token);
          } else if (!known && !joining) assert.is(answer.result, "notInLine");
          else {
            assert.is(answer.result, "waiting");
            if (answer.result !== "waiting") continue;
            line.sign(one.client, now, answer.pollAfterSeconds);
            const ids = line.present(now).map(({ id }) => id);
            assert.is(answer.position, ids.indexOf(one.client));
          }
        }
        const at = clock.now();
        const expected = line.present(at).map(({ id }) => id);
        const { admitted, waiting } = await store.admit(EVENT, scene.sale);
        assert.equal(
          admitted.map(({ clientId }) => clientId),
          expected.slice(0, admitted.length),
        );
        for (const { clientId, passToken, admittedAtMs, expiresAtMs } of admitted) {
          assert.is(admittedAtMs, at);
          line.remove(clientId);
          passes.set(clientId, { token: passToken, endMs: expiresAtMs });
          admissions.push(at);
        }
        const counted = admissions.filter((ms) => ms >= at - 60_000).length;
        if (admitted.length > 0) assert.ok(counted <= permits);
        assert.is(waiting, line.kept(at).length);
      }
    }),
    { numRuns: 400 },
  );
});

test("100,000 clients join, poll, give way and are admitted in order", async () => {
  const { store, clock } = await openMemory({
    settings: { permitsPerMinute: 60_000, paused: true },
  });
  const scene = new Scene(store, clock);
  const clients = Array.from({ length: 100_000 }, (_, id) => String(id));
  for (let from = 0; from < clients.length; from += 500) {
    const joining = clients.slice(from, from + 500).map((one) => scene.joining(one));
    await store.enqueue(joining);
  }
  const odd = clients.filter((_, id) => id % 2 === 1);
  clock.advance(130_000);
  for (let from = 0; from < odd.length; from += 500) {
    await store.poll(odd.slice(from, from + 500).map((one) => scene.polling(one)));
  }
  assert.is(await scene.position("99999"), 49_999);
  await store.changeSettings(EVENT, { paused: false, pacing: "burst" });
  const admitted = await scene.admit();
  assert.equal(
    admitted.map((one) => one.clientId),
    odd,
  );
  assert.is((await store.stats(EVENT)).waiting, 50_000);
});

test("a client's advice is its own habit, also from the store", async () => {
  const { store, clock } = await openMemory({ settings: { permitsPerMinute: 1, paused: true } });
  const scene = new Scene(store, clock);
  const places = await scene.line(...Array.from({ length: 200 }, (_, id) => `c${id}`));
  const last = places.at(-1)!;
  assert.is(last.pollAfterSeconds, habitOf(EVENT, "c199").longestSeconds);
  assert.ok(last.estimatedWaitSeconds >= 199 * 60);
});

test.run();
