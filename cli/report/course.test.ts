/** The course of a run: everyone is somewhere at every moment, and no peak is lost. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeRun } from "../judge/judge.ts";
import { RunBuilder } from "../judge/testing.ts";
import { CROWD_GROUPS, courseOf, MAX_COURSE_STEPS } from "./course.ts";
import { renderHtml } from "./html.ts";
import { buildReport } from "./report.ts";
import { windowPeaks } from "./series.ts";
import { busyRun } from "./testing/busy-run.ts";

test("at every moment the groups sum up to the crowd", () => {
  const { history } = busyRun({ clients: 200, stock: 100, permitsPerMinute: 300 });
  const { groups } = courseOf(history, history.end?.atMs ?? 0).crowd;
  for (let step = 0; step < groups.away.length; step += 1) {
    const sum = CROWD_GROUPS.reduce((total, group) => total + groups[group][step]!, 0);
    assert.is(sum, 200, `step ${step}`);
    for (const group of CROWD_GROUPS) assert.ok(groups[group][step]! >= 0, `${group} ${step}`);
  }
  assert.is(groups.away[0], 200);
  assert.is(groups.away.at(-1), 0);
});

test("a client is where its answers put it", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.pass(0, 1_000, "pass_0", 900);
  run.reserve(0, 2_000, { pass: "pass_0", reservationId: 1 });
  run.follow(0, 3_000, 1, { reservationStatus: "CONFIRMED" });
  run.join(1, 3_100);
  run.leave(1, 4_000);
  const { stepSeconds, groups } = courseOf(run.history(), 5_000).crowd;
  const at = (seconds: number) =>
    CROWD_GROUPS.filter((group) => groups[group][Math.round(seconds / stepSeconds)]! > 0);
  assert.equal(at(0), ["away"]);
  assert.equal(at(0.5), ["away", "inLine"]);
  assert.equal(at(1.5), ["away", "withPass"]);
  assert.equal(at(2.5), ["away", "booked"]);
  assert.equal(at(3.5), ["inLine", "confirmed"]);
  assert.equal(at(5), ["confirmed", "gone"]);
});

test("requests in flight are counted at their fullest, and stay so while they last", () => {
  const run = new RunBuilder();
  run.poll(0, 100, { tookMs: 3_500 });
  run.poll(1, 200, { tookMs: 100 });
  run.poll(2, 250, { tookMs: 100, outcome: "unknown" });
  const { traffic } = courseOf(run.history(), 5_000);
  assert.equal(traffic.inFlight, [3, 1, 1, 1, 0, 0]);
  assert.equal(traffic.sent, [3, 0, 0, 0, 0, 0]);
  assert.equal(traffic.unheard, [1, 0, 0, 0, 0, 0]);
});

test("a slow answer in a long run is in its step's maximum", () => {
  const run = new RunBuilder();
  for (let second = 0; second < 7_200; second += 1) {
    run.poll(0, second * 1_000, { tookMs: second === 5_000 ? 900 : 5 });
  }
  const { latency } = courseOf(run.history(), 7_200_000);
  const max = latency[0]?.max ?? [];
  assert.ok(max.length <= MAX_COURSE_STEPS + 1);
  assert.is(Math.max(...max.map((value) => value ?? 0)), 900);
});

test("the fullest window is found between two steps as well", () => {
  // 0.0, 0.9 and 59.95 s lie in one window, 60.0 s is in another with the last two.
  assert.is(Math.max(...windowPeaks([0, 900, 59_950, 60_000]).values), 3);
  assert.equal(windowPeaks([0, 500]).values, [2]);
  assert.is(windowPeaks([0, 100, 130_000]).values[90], 0);
});

test("ten times the crowd makes no ten times larger page", () => {
  const size = (clients: number): number => {
    const plan = { clients, stock: clients / 2, permitsPerMinute: clients / 2 };
    const { history, ledger } = busyRun(plan);
    return renderHtml(buildReport(history, ledger, judgeRun(history, ledger))).length;
  };
  const [small, large] = [size(500), size(5_000)];
  assert.ok(large < 1_500_000, `${large} characters`);
  assert.ok(large < small * 1.5, `${small} → ${large}`);
});

test.run();
