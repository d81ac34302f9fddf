import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeRun } from "../judge/judge.ts";
import { BooksBuilder, RunBuilder } from "../judge/testing.ts";
import { buildReport, type Report } from "../report/report.ts";
import { findingOf } from "./capacity-step.ts";

function reportOf(tookMs: number, sendLagMs = 1, charges?: readonly number[]): Report {
  const run = new RunBuilder();
  run.join(0, 0, { tookMs });
  run.pass(0, 1_000, "pass-0", 500);
  run.reserve(0, 2_000, { pass: "pass-0", reservationId: 1, sagaId: "saga-1" });
  const history = run.history({ sendLagMs: { p50: 0, p99: sendLagMs, max: sendLagMs } });
  const ledger = new BooksBuilder(run.sale).book(1, charges ? { charges } : {}).ledger();
  return buildReport(history, ledger, judgeRun(history, ledger));
}

const GOALS = { join: 500 };

test("a step holds when its promises and goals do", () => {
  assert.equal(findingOf(reportOf(400), GOALS, 0.4), {
    holds: true,
    words: "the machine 40 % busy",
  });
});

test("what limited a step is said: a broken promise before the tester, the tester before latency", () => {
  const slow = findingOf(reportOf(600), GOALS, 0.95);
  assert.is(slow.limitedBy, "latency");
  assert.match(slow.words, /join took 600 ms \(p99\), 500 ms is the goal; .*95 % busy: out of CPU/);
  assert.is(findingOf(reportOf(600, 40), GOALS, 0.5).limitedBy, "tester");
  const twice = findingOf(reportOf(600, 40, [5_000, 5_000]), GOALS, 0.5);
  assert.is(twice.limitedBy, "promise");
  assert.match(twice.words, /^money is broken/);
});

test("an operation without a goal may take its time", () => {
  assert.ok(findingOf(reportOf(9_000), { reserve: 1_000 }, 0.1).holds);
});

test.run();
