/** Conformance: who may come back to which place after everything was lost. */
import * as assert from "uvu/assert";
import type { OpenStore, StoreOptions } from "./conformance.ts";
import {
  EVENT,
  type InLine,
  type Lose,
  losing,
  names,
  numbersOf,
  type Promised,
  runPromises,
} from "./scene.ts";

const PAUSED: StoreOptions = { settings: { paused: true } };
const WINDOW_MS = 60_000;
const PASS_TTL_MS = 300_000;
const WAITING_TTL_MS = 1_800_000;

export function returningPromises(name: string, open: OpenStore): void {
  const lose = losing(open);
  const parts = [places, gate, onceOnly, noHelp];
  runPromises(
    `${name}: coming back`,
    open,
    parts.map((part) => (promise) => part(promise, lose)),
  );
}

function places(promise: Promised, lose: Lose): void {
  promise(
    "after a loss of everything tickets bring the old order back, however they come",
    async (scene) => {
      const clients = names(12);
      const lost = await lose(scene, ...clients);
      await scene.line("early");
      for (let step = 0; step < 12; step++) {
        const at = (step * 5 + 3) % 12;
        const back = await scene.join(clients[at]!, lost[at]);
        assert.equal(back.result === "waiting" && numbersOf(back), numbersOf(lost[at]!));
        scene.clock.advance(10);
      }
      await scene.line("late");
      const order = [...clients, "early", "late"];
      for (const [at, one] of order.entries()) assert.is(await scene.position(one), at);
    },
    PAUSED,
  );

  promise(
    "a place given back is like any other: silence loses it, a ticket of either room finds it",
    async (scene) => {
      const [lost] = await lose(scene, "a", "b");
      scene.clock.advance(1_000);
      await scene.line("n");
      const back = (await scene.join("a", lost)) as InLine;
      scene.clock.advance(WAITING_TTL_MS - 1);
      await scene.line("n");
      scene.clock.advance(1);
      assert.is(await scene.position("a"), "notInLine");
      assert.is(await scene.comes("a", back), 0);
      assert.is(await scene.position("n"), 1);
    },
    PAUSED,
  );

  promise(
    "no two places share a number, whoever shows whose ticket",
    async (scene) => {
      const clients = names(5);
      const lost = await lose(scene, ...clients);
      const [early] = await scene.line("early");
      const ahead = { ...lost[0]!, sequence: early!.sequence + 1 };
      const thieves = clients.map((one) => `not-${one}`);
      const late = names(5, "late");
      const joined = await scene.store.enqueue([
        scene.joining("ahead", ahead),
        ...clients.map((one, at) => scene.joining(one, lost[at])),
        ...thieves.map((one, at) => scene.joining(one, lost[at])),
        ...late.map((one) => scene.joining(one)),
      ]);
      const places = [early!, ...joined].map((one) => one.result === "waiting" && one.sequence);
      assert.is(new Set(places).size, 17);
      const order = [...clients, "early", "ahead", ...thieves, ...late];
      for (const [at, one] of order.entries()) assert.is(await scene.position(one), at);
    },
    PAUSED,
  );
}

function gate(promise: Promised, lose: Lose): void {
  promise("nobody is admitted for a window, then all in the old order", async (scene) => {
    const clients = names(6);
    const lost = await lose(scene, ...clients);
    const [first] = await scene.store.enqueue([scene.joining("client5", lost[5])]);
    assert.is(first!.result === "waiting" && first!.estimatedWaitSeconds, WINDOW_MS / 1_000 + 1);
    const closed = await scene.store.admit(EVENT, scene.sale);
    assert.equal([closed.admitted.length, closed.lookAgainMs], [0, WINDOW_MS + 1]);
    scene.clock.advance(10_000);
    for (const at of [3, 0, 4, 1, 2]) await scene.join(clients[at]!, lost[at]);
    await scene.line("late");
    const everybody = [...clients, "late"];
    assert.equal(await scene.run(WINDOW_MS - 10_000, 1_000, everybody), []);
    const admitted = await scene.run(5_000, 100);
    assert.equal(
      admitted.map((one) => one.clientId),
      everybody,
    );
    assert.is(admitted[0]!.waitedMs, admitted[0]!.admittedAtMs - lost[0]!.joinedAtMs);
  });

  promise("the gate closes when the first of before comes, and not sooner", async (scene) => {
    const lost = await lose(scene, "a");
    await scene.line("n1", "n2", "n3");
    assert.is((await scene.admit()).length, 2);
    scene.clock.advance(20_000);
    assert.is(await scene.comes("a", lost[0]), 0);
    assert.is(await scene.position("n3"), 1);
    assert.equal(await scene.run(WINDOW_MS - 20_000, 1_000, ["a", "n3"]), []);
    const admitted = await scene.run(1, 1);
    assert.equal(
      admitted.map((one) => one.clientId),
      ["a", "n3"],
    );
  });
}

function onceOnly(promise: Promised, lose: Lose): void {
  promise(
    "a place of before is given back once: not to one who left",
    async (scene) => {
      const lost = await lose(scene, "a", "b");
      await scene.line("n");
      assert.is(await scene.comes("a", lost[0]), 0);
      await scene.leave("a");
      assert.is(await scene.comes("a", lost[0]), 1);
      // Nor to one who came without its ticket, and left.
      await scene.line("b");
      await scene.leave("b");
      assert.is(await scene.comes("b", lost[1]), 2);
    },
    PAUSED,
  );

  promise("a place of before is given back once: not to one who was admitted", async (scene) => {
    const clients = ["spends", "expires", "leaves"];
    const lost = await lose(scene, ...clients);
    for (const [at, one] of clients.entries()) await scene.join(one, lost[at]);
    const admitted = await scene.run(WINDOW_MS + 2_000, 1_000, clients);
    assert.is(admitted.length, 3);
    await scene.store.changeSettings(EVENT, { paused: true });
    await scene.line("n");
    assert.is(await scene.leave("leaves"), "left");
    assert.is(await scene.redeem("spends", admitted[0]!.passToken, "order"), "redeemed");
    assert.is(await scene.comes("leaves", lost[2]), 1);
    assert.is(await scene.comes("spends", lost[0]), 2);
    scene.clock.advance(PASS_TTL_MS);
    for (const one of ["n", "leaves", "spends"]) await scene.poll(one);
    assert.is(await scene.comes("expires", lost[1]), 3);
  });

  promise("a pass from before the first return counts as served when given up", async (scene) => {
    const lost = await lose(scene, "a", "b");
    await scene.passFor("a");
    assert.is(await scene.comes("b", lost[1]), 0);
    assert.is(await scene.leave("a"), "left");
    assert.is(await scene.comes("a", lost[0]), 1);
  });
}

function noHelp(promise: Promised, lose: Lose): void {
  promise(
    "so long after the loss that nobody is waited for, a ticket of before is no help",
    async (scene) => {
      const lost = await lose(scene, "a", "b");
      await scene.line("n");
      scene.clock.advance(WAITING_TTL_MS - 1);
      await scene.line("n");
      assert.is(await scene.comes("a", lost[0]), 0);
      scene.clock.advance(1);
      assert.is(await scene.comes("b", lost[1]), 2);
    },
    PAUSED,
  );

  promise("a ticket of before that comes too late closes no gate", async (scene) => {
    const [lost] = await lose(scene, "a");
    await scene.store.changeSettings(EVENT, { pacing: "burst" });
    scene.clock.advance(WAITING_TTL_MS);
    assert.is(await scene.comes("a", lost), 0);
    assert.is((await scene.admit()).length, 1);
  });

  promise(
    "a place that this room has never given brings nobody in",
    async (scene) => {
      const [silent] = await scene.line("silent");
      scene.clock.advance(WAITING_TTL_MS);
      const [n] = await scene.line("n");
      const joined = await scene.join("silent", { ...silent!, sequence: n!.sequence + 1_000_000 });
      const [late] = await scene.line("late");
      assert.is(joined.result === "waiting" && joined.joinedAtMs, n!.joinedAtMs);
      assert.ok(late!.sequence < n!.sequence + 1_000_000);
    },
    PAUSED,
  );

  promise(
    "a ticket of before moves nobody who stands in line",
    async (scene) => {
      const lost = await lose(scene, "a", "b");
      await scene.line("n", "a");
      assert.is(await scene.comes("a", lost[0]), 1);
      assert.is(await scene.comes("b", lost[1]), 0);
      assert.is(await scene.comes("thief", lost[1]), 3);
      assert.is(await scene.position("b"), 0);
    },
    PAUSED,
  );
}
