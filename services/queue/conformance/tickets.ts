/** Conformance: what a ticket brings back in the room that gave it. */
import * as assert from "uvu/assert";
import type { PlaceInLine } from "../waiting-room-store.ts";
import type { OpenStore, StoreOptions } from "./conformance.ts";
import { EVENT, type Promised, runPromises } from "./scene.ts";

export function ticketPromises(name: string, open: OpenStore): void {
  runPromises(`${name}: tickets`, open, [tickets]);
}

const PAUSED: StoreOptions = { settings: { paused: true } };
const LAPSE_MS = 1_800_001;

function tickets(promise: Promised): void {
  promise(
    "a ticket brings back the place that silence has cost",
    async (scene) => {
      const [, lost] = await scene.line("a", "b", "c");
      scene.clock.advance(LAPSE_MS / 2);
      for (const one of ["a", "c"]) await scene.poll(one);
      scene.clock.advance(LAPSE_MS / 2);
      for (const one of ["a", "c"]) await scene.poll(one);
      assert.is(await scene.position("b"), "notInLine");
      const back = await scene.join("b", lost);
      assert.is(back.result === "waiting" && back.position, 1);
      assert.is(await scene.position("c"), 2);
    },
    PAUSED,
  );

  promise(
    "a ticket is no help to one who left, also after joining again",
    async (scene) => {
      const [place] = await scene.line("a", "b");
      await scene.leave("a");
      const back = await scene.join("a", place);
      assert.is(back.result === "waiting" && back.position, 1);
      scene.clock.advance(LAPSE_MS);
      await scene.line("c");
      // The place it lost by silence is the later one; the ticket of the first helps to nothing.
      const again = await scene.join("a", place);
      assert.is(again.result === "waiting" && again.position, 1);
    },
    PAUSED,
  );

  promise("a ticket is no help to one who was admitted", async (scene) => {
    const [place] = await scene.line("a", "b");
    await scene.admit();
    await scene.store.changeSettings(EVENT, { paused: true });
    scene.clock.advance(300_000);
    await scene.line("c");
    const back = await scene.join("a", place);
    assert.is(back.result === "waiting" && back.position, 1);
  });

  promise("a ticket lost once and replaced by a pass since is spent with it", async (scene) => {
    await scene.store.changeSettings(EVENT, { paused: true });
    const [first] = await scene.line("a", "b");
    scene.clock.advance(LAPSE_MS);
    await scene.line("a");
    await scene.store.changeSettings(EVENT, { paused: false });
    assert.is((await scene.admit()).length, 1);
    await scene.store.changeSettings(EVENT, { paused: true });
    scene.clock.advance(300_000);
    await scene.line("c", "d");
    const back = await scene.join("a", first);
    assert.is(back.result === "waiting" && back.position, 2);
  });

  promise(
    "a ticket moves nobody who stands in line",
    async (scene) => {
      const [first] = await scene.line("a", "b");
      scene.clock.advance(LAPSE_MS);
      await scene.line("c", "a");
      const again = await scene.join("a", first);
      assert.is(again.result === "waiting" && again.position, 1);
    },
    PAUSED,
  );

  promise(
    "of two places lost by silence the earlier ticket counts as well",
    async (scene) => {
      const [first] = await scene.line("a");
      scene.clock.advance(LAPSE_MS);
      await scene.line("n", "a");
      scene.clock.advance(LAPSE_MS - 2);
      await scene.poll("n");
      scene.clock.advance(2);
      assert.is(await scene.position("a"), "notInLine");
      const back = await scene.join("a", first);
      assert.is(back.result === "waiting" && back.position, 0);
      assert.is(await scene.position("n"), 1);
    },
    PAUSED,
  );

  promise(
    "where too many places are lost to remember, the latest are forgotten first",
    async (scene) => {
      const places = new Map<string, PlaceInLine>();
      for (const one of ["a", "b", "c"]) {
        const [place] = await scene.line(one);
        places.set(one, place!);
        scene.clock.advance(LAPSE_MS);
      }
      const back = async (one: string) => {
        const joined = await scene.join(one, places.get(one));
        await scene.leave(one);
        return joined.result === "waiting" && joined.sequence === places.get(one)!.sequence;
      };
      assert.equal([await back("c"), await back("b"), await back("a")], [false, false, true]);
    },
    { ...PAUSED, mostWaiting: 1 },
  );
}
