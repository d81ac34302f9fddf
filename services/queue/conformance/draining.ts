/** Conformance: a room that takes nobody new, and clients who would only come back. */
import * as assert from "uvu/assert";
import type { PlaceInLine } from "../waiting-room-store.ts";
import type { OpenStore } from "./conformance.ts";
import {
  EVENT,
  type Lose,
  losing,
  numbersOf,
  type Promised,
  runPromises,
  type Scene,
} from "./scene.ts";

const WAITING_TTL_MS = 1_800_000;

export function drainingPromises(name: string, open: OpenStore): void {
  const lose = losing(open);
  const parts = [draining, onlyBack];
  runPromises(
    `${name}: nobody new`,
    open,
    parts.map((part) => (promise) => part(promise, lose)),
  );
}

function draining(promise: Promised, lose: Lose): void {
  const drain = (scene: Scene, on = true) => scene.store.changeSettings(EVENT, { draining: on });

  promise("a draining room takes nobody new, and serves those inside", async (scene) => {
    await scene.passFor("passed");
    const places = await scene.line("a", "b");
    assert.is((await drain(scene)).draining, true);
    assert.is(await scene.comes("new"), "draining");
    assert.is(await scene.position("new"), "notInLine");
    assert.is(await scene.comes("passed"), "admitted");
    const again = await scene.join("b");
    assert.equal(again.result === "waiting" && numbersOf(again), numbersOf(places[1]!));
    assert.is(await scene.position("a"), 0);
    await scene.leave("a");
    assert.is(await scene.comes("a", places[0]), "draining");
    const admitted = await scene.run(3_000, 100);
    assert.equal(
      admitted.map((one) => one.clientId),
      ["b"],
    );
    assert.is((await drain(scene, false)).draining, false);
    assert.is(await scene.comes("new"), 0);
  });

  promise("a draining room lets in whose ticket counts", async (scene) => {
    const [lost] = await lose(scene, "of-before");
    await scene.store.changeSettings(EVENT, { paused: true });
    const [silent] = await scene.line("silent", "n");
    scene.clock.advance(WAITING_TTL_MS - 1);
    await scene.poll("n");
    await drain(scene);
    assert.is(await scene.comes("of-before", lost), 0);
    scene.clock.advance(1);
    assert.is(await scene.comes("silent"), "draining");
    assert.is(await scene.comes("silent", silent), 1);
    assert.is(await scene.position("n"), 2);
    await scene.leave("of-before");
    assert.is(await scene.comes("of-before", lost), "draining");
  });

  promise(
    "a room may drain from the start; an ended sale and a full room are still named",
    async (scene) => {
      assert.is((await scene.store.readSettings(EVENT)).draining, true);
      const lost = await lose(scene, "a", "b");
      assert.is(await scene.comes("new"), "draining");
      assert.is(await scene.comes("a", lost[0]), 0);
      assert.is(await scene.comes("b", lost[1]), "full");
      assert.is(await scene.comes("new"), "draining");
      scene.sale = { ...scene.sale, closesAtMs: scene.clock.now() };
      assert.is(await scene.comes("new"), "ended");
    },
    { settings: { draining: true, paused: true }, mostWaiting: 1 },
  );
}

function onlyBack(promise: Promised, lose: Lose): void {
  promise("who would only come back is let in by a ticket that counts alone", async (scene) => {
    const lost = await lose(scene, "a");
    await scene.passFor("passed");
    await scene.line("n");
    const comesBack = async (clientId: string, formerly?: PlaceInLine) => {
      const joining = { ...scene.joining(clientId, formerly), onlyBack: true };
      const [joined] = await scene.store.enqueue([joining]);
      return joined!.result === "closed" ? joined!.because : joined!.result;
    };
    assert.is(await comesBack("stranger"), "noPlace");
    assert.is(await scene.position("stranger"), "notInLine");
    assert.is(await comesBack("passed"), "admitted");
    assert.is(await comesBack("n"), "waiting");
    assert.is(await comesBack("a", lost[0]), "waiting");
    await scene.leave("a");
    assert.is(await comesBack("a", lost[0]), "noPlace");
  });
}
