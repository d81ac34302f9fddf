/** Each key does one thing, or says why it does nothing. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Snapshot } from "../engine/snapshot.ts";
import { FIRST_SHOWN, hintFor, type Key, keyOf, press, type Shown } from "./keys.ts";
import { sellingSnapshot } from "./snapshot-samples.ts";

const selling: Snapshot = { ...sellingSnapshot, arrivalsPaused: false };
const shownAfter = (keys: readonly Key[], snapshot = selling): Shown =>
  keys.reduce<Shown>((shown, key) => press(shown, key, snapshot, true).shown, FIRST_SHOWN);

test("characters mean keys; both signs of a key count, the others mean nothing", () => {
  const meant = [..."pP+=-_ c?hq7"].map(keyOf);
  assert.equal(meant, [
    ...["pause", undefined, "faster", "faster", "slower", "slower", "pause", "chaos"],
    ...["help", "help", "q", { tab: "tester" }],
  ]);
  assert.equal([keyOf("8"), keyOf("x"), keyOf("\u001b")], [undefined, undefined, undefined]);
});

test("pages go round; help lies over them and leaves them where they were", () => {
  assert.is(shownAfter(["previous"]).tab, "tester");
  assert.is(shownAfter(["previous", "next"]).tab, "overview");
  const helped = shownAfter([{ tab: "stock" }, "help"]);
  assert.equal([helped.tab, helped.help], ["stock", true]);
  const back = shownAfter([{ tab: "stock" }, "help", "back"]);
  assert.equal([back.tab, back.help], ["stock", false]);
  assert.is(shownAfter([{ tab: "stock" }, "back"]).tab, "overview");
  assert.is(shownAfter(["help", "next"]).help, false);
});

const WISHES = ["pause", "faster", "slower", "chaos"] as const;

test("wishes are for a sale that goes on, and each refusal says why", () => {
  const reply = (snapshot: Snapshot, key: Key, heard = true) => {
    const { wish, shown } = press(FIRST_SHOWN, key, snapshot, heard);
    return wish ?? shown.reply;
  };
  for (const wish of WISHES) {
    assert.is(reply(selling, wish), wish);
    assert.match(reply({ ...selling, phase: "starting" }, wish), "has not begun");
    assert.match(reply({ ...selling, phase: "settling" }, wish), "the sale is over");
    assert.match(reply(selling, wish, false), "cannot be changed");
  }
  const calm = { possible: false, because: "this target is not ours to disturb" } as const;
  assert.is(reply({ ...selling, chaos: calm }, "chaos"), `no chaos: ${calm.because}`);
  assert.is(reply({ ...selling, chaos: calm }, "pause"), "pause");
});

test("a reply stands until the next key", () => {
  const over: Snapshot = { ...selling, phase: "settling" };
  assert.is(shownAfter(["pause"], over).reply, "the sale is over");
  assert.is(shownAfter(["pause", "next"], over).reply, "");
});

test("the first q or Ctrl-C asks, only a Ctrl-C after it insists, and then nothing is heard", () => {
  const interrupts = (keys: readonly Key[]) => {
    let shown = FIRST_SHOWN;
    return keys.map((key) => {
      const pressed = press(shown, key, selling, true);
      shown = pressed.shown;
      return pressed.interrupt?.force ?? pressed.wish;
    });
  };
  assert.equal(interrupts(["q", "q", "pause", "ctrl-c", "ctrl-c"]), [
    ...[false, undefined, undefined, true, undefined],
  ]);
  assert.is(shownAfter(["q", "pause"]).reply, "the run is stopping");
});

test("hints name only what works now, as many as fit", () => {
  const hint = (width: number, snapshot = selling) => hintFor(snapshot, FIRST_SHOWN, true, width);
  for (const width of [8, 16, 30, 40, 60, 80, 200]) assert.ok(hint(width).length <= width);
  assert.match(hint(80), "c chaos");
  assert.match(hint(40), "p ·");
  assert.is(hint(8), "q stops");
  assert.not.match(hint(80, { ...selling, phase: "settling" }), "pause");
  assert.is(hint(80, { ...selling, phase: "done" }), "");
  const asked = { ...FIRST_SHOWN, interrupts: 1 } as const;
  assert.is(hintFor(selling, asked, true, 80), "stopping · Ctrl-C again: at once");
});

test.run();
