/** What a person changes while a run goes on: carried out once, and in words that say when. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Change, LiveControls } from "./live-controls.ts";

function world(noticeMs = 0) {
  const run = { nowMs: 5_000, selling: true, over: false };
  const changes: Change[] = [];
  const written: (readonly unknown[])[] = [];
  const controls = new LiveControls({
    isSelling: () => run.selling,
    isOver: () => run.over,
    nowMs: () => run.nowMs,
    noticeMs,
    carryOut: (change) => changes.push(change),
    write: (...line) => written.push(line),
  });
  return { run, changes, written, controls };
}

test("a pause is one instant for all, told ahead by as long as the farthest needs", () => {
  const { run, changes, written, controls } = world(100);
  controls.pauseArrivals(false);
  controls.pauseArrivals(true);
  controls.pauseArrivals(true);
  assert.is(controls.arrivalsPaused, true);
  run.nowMs = 7_449;
  controls.pauseArrivals(false);
  assert.is(controls.arrivalsPaused, false);
  assert.equal(changes, [
    { what: "arrivals", paused: true, atMs: 5_100 },
    { what: "arrivals", paused: false, atMs: 7_549 },
  ]);
  assert.equal(written, [
    [5_100, "arrivals paused"],
    [7_549, "arrivals go on, 2.4 s later than planned"],
  ]);
});

test("a limit is noted as a number that judges read", () => {
  const { changes, written, controls } = world(100);
  assert.is(controls.permitsPerMinute, undefined);
  controls.limitChanged(660);
  assert.is(controls.permitsPerMinute, 660);
  assert.equal(changes, [{ what: "limit", permitsPerMinute: 660 }]);
  assert.equal(written, [[5_000, "the limit is 660 admissions a minute from here on", 660]]);
});

test("before the doors open nobody is paused; after the end nothing is done or noted", () => {
  const { run, changes, written, controls } = world();
  run.selling = false;
  controls.pauseArrivals(true);
  assert.is(controls.arrivalsPaused, false);
  run.over = true;
  controls.limitChanged(1);
  controls.note("chaos is switched on");
  assert.equal([changes, written, controls.permitsPerMinute], [[], [], undefined]);
});

test.run();
