/** Conformance: places in line, who is there, who comes back. */
import * as assert from "uvu/assert";
import type { OpenStore, StoreOptions } from "./conformance.ts";
import { EVENT, names, type Promised, runPromises } from "./scene.ts";

export function orderPromises(name: string, open: OpenStore): void {
  runPromises(`${name}: order and presence`, open, [arrivals, presence, endings]);
}

const PAUSED: StoreOptions = { settings: { paused: true } };

function arrivals(promise: Promised): void {
  promise("the first stands at 0, each later one behind it", async (scene) => {
    const places = await scene.line("a", "b", "c");
    assert.equal(
      places.map((place) => place.position),
      [0, 1, 2],
    );
  });

  promise("order is that of arrival within one millisecond and one batch (W6)", async (scene) => {
    const clients = ["zoe", "10", "9", "adam", "Zed"];
    await scene.store.enqueue(clients.map((one) => scene.joining(one)));
    for (const [at, one] of clients.entries()) assert.is(await scene.position(one), at);
    await scene.store.changeSettings(EVENT, { permitsPerMinute: 6_000 });
    assert.equal(
      (await scene.admit()).map((one) => one.clientId),
      clients,
    );
  });

  promise("order is that of arrival when the clock steps back (W6)", async (scene) => {
    await scene.line("first");
    scene.clock.advance(-5_000);
    const [second] = await scene.line("second");
    scene.clock.advance(-60_000);
    const [third] = await scene.line("third");
    assert.equal([second!.position, third!.position], [1, 2]);
    scene.clock.advance(66_000);
    for (const one of ["first", "second", "third"]) await scene.poll(one);
    const admitted = await scene.run(2_000, 100);
    assert.equal(
      admitted.map((one) => one.clientId),
      ["first", "second", "third"],
    );
  });

  promise("joining again keeps the place (W5)", async (scene) => {
    const [, first] = await scene.line("a", "b", "c");
    scene.clock.advance(3_000);
    const again = await scene.join("b");
    const { sequence, joinedAtMs } = first!;
    assert.is(again.result === "waiting" && again.position, 1);
    assert.is(again.result === "waiting" && again.sequence, sequence);
    assert.is(again.result === "waiting" && again.joinedAtMs, joinedAtMs);
    assert.is(await scene.position("c"), 2);
    const twice = await scene.store.enqueue([scene.joining("d"), scene.joining("d")]);
    assert.equal(twice[0], twice[1]);
    assert.is((await scene.store.stats(EVENT)).waiting, 4);
  });

  promise("events do not mix", async (scene) => {
    await scene.line("a", "b");
    const elsewhere = await scene.join("b", undefined, EVENT + 1);
    assert.is(elsewhere.result === "waiting" && elsewhere.position, 0);
    assert.is((await scene.poll("a", EVENT + 1)).result, "notInLine");
    await scene.store.changeSettings(EVENT + 1, { paused: true });
    assert.is((await scene.store.readSettings(EVENT)).paused, false);
  });

  const small: StoreOptions = { mostWaiting: 2, settings: { paused: true } };
  const full = "a full room takes nobody more, and serves those inside as before";
  promise(
    full,
    async (scene) => {
      await scene.line("a", "b");
      assert.is((await scene.join("c")).result, "full");
      assert.is((await scene.join("a")).result, "waiting");
      assert.is(await scene.position("b"), 1);
      await scene.leave("a");
      assert.is((await scene.join("c")).result, "waiting");
    },
    small,
  );

  promise("joining is possible from the lead before the sale until its end", async (scene) => {
    const now = scene.clock.now();
    const hour = 3_600_000;
    const at = async (opensInMs: number, closesInMs: number, cancelled = false) => {
      scene.sale = { opensAtMs: now + opensInMs, closesAtMs: now + closesInMs, cancelled };
      const joined = await scene.join("a");
      await scene.leave("a");
      return joined.result === "closed" ? joined.because : joined.result;
    };
    assert.is(await at(hour + 1, 2 * hour), "notBegun");
    assert.is(await at(hour, 2 * hour), "waiting");
    assert.is(await at(-hour, 1), "waiting");
    assert.is(await at(-hour, 0), "ended");
    assert.is(await at(-hour, hour, true), "cancelled");
  });
}

function presence(promise: Promised): void {
  promise(
    "positions count those ahead who are still there (W4)",
    async (scene) => {
      const places = await scene.line("a", "b", "c");
      const graceMs = (2 * places[0]!.pollAfterSeconds + 5) * 1_000;
      scene.clock.advance(graceMs);
      for (const one of ["b", "c"]) await scene.poll(one);
      assert.is(await scene.position("c"), 2);
      scene.clock.advance(1);
      assert.is(await scene.position("c"), 1);
      assert.is(await scene.position("b"), 0);
    },
    PAUSED,
  );

  promise("an absent head holds up nobody and uses no permit (W3, W4)", async (scene) => {
    const waiting = names(5);
    await scene.store.changeSettings(EVENT, { paused: true });
    await scene.line("absent1", "absent2", ...waiting);
    await scene.run(30_000, 1_000, waiting);
    await scene.store.changeSettings(EVENT, { paused: false });
    const admitted = await scene.run(3_000, 100);
    assert.equal(
      admitted.map((one) => one.clientId),
      waiting,
    );
  });

  promise(
    "the absent get their old place again when they come back in time",
    async (scene) => {
      await scene.line("a", "b", "c");
      for (let poll = 0; poll < 17; poll++) {
        scene.clock.advance(100_000);
        for (const one of ["a", "c"]) await scene.poll(one);
      }
      assert.is(await scene.position("c"), 1);
      assert.is(await scene.position("b"), 1);
      assert.is(await scene.position("c"), 2);
      await scene.store.changeSettings(EVENT, { paused: false });
      const admitted = await scene.run(2_000, 100);
      assert.equal(
        admitted.map((one) => one.clientId),
        ["a", "b", "c"],
      );
    },
    PAUSED,
  );

  promise(
    "who polls as told never gives way, however long the line (W7)",
    async (scene) => {
      const clients = names(300);
      await scene.store.enqueue(clients.map((one) => scene.joining(one)));
      const due = new Map(clients.map((one) => [one, scene.clock.now()]));
      for (let second = 0; second < 2_400; second += 1) {
        scene.clock.advance(1_000);
        const now = scene.clock.now();
        const asking = clients.filter((one) => due.get(one)! <= now);
        const polled = await scene.store.poll(asking.map((one) => scene.polling(one)));
        polled.forEach((one, at) => {
          assert.is(one.result, "waiting");
          if (one.result === "waiting") due.set(asking[at]!, now + one.pollAfterSeconds * 1_000);
        });
      }
      for (const [at, one] of clients.entries()) assert.is(await scene.position(one), at);
      assert.is((await scene.store.stats(EVENT)).abandonedTotal, 0);
    },
    PAUSED,
  );
}

function endings(promise: Promised): void {
  promise(
    "a place is kept for the waiting TTL after the last sign of life, and no longer",
    async (scene) => {
      await scene.line("a", "b");
      scene.clock.advance(1_799_999);
      assert.is(await scene.position("a"), 0);
      scene.clock.advance(1);
      assert.is(await scene.position("b"), "notInLine");
      scene.clock.advance(1_799_998);
      assert.is(await scene.position("a"), 0);
      const stats = await scene.store.stats(EVENT);
      assert.equal([stats.waiting, stats.abandonedTotal], [1, 1]);
    },
    PAUSED,
  );

  promise("who leaves is out, and joins again at the end", async (scene) => {
    await scene.store.changeSettings(EVENT, { paused: true });
    await scene.line("a", "b", "c");
    assert.is(await scene.leave("a"), "left");
    assert.is(await scene.leave("a"), "notInLine");
    assert.is(await scene.position("a"), "notInLine");
    assert.is(await scene.position("c"), 1);
    const [again] = await scene.line("a");
    assert.is(again!.position, 2);
    assert.is((await scene.store.stats(EVENT)).abandonedTotal, 1);
  });

  promise("who never joined is not in line", async (scene) => {
    assert.is(await scene.position("stranger"), "notInLine");
    assert.is(await scene.leave("stranger"), "notInLine");
    assert.equal((await scene.admit()).length, 0);
  });
}
