/** Two runs compared: worse is named, noise is not, and what cannot be told is said to be so. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Hidden } from "../judge/history.ts";
import { judgeRun } from "../judge/judge.ts";
import { type ComparedRow, compareReports, type Tolerance } from "./compare.ts";
import { comparisonText } from "./compare-text.ts";
import { buildReport, type Report } from "./report.ts";
import { busyRun } from "./testing/busy-run.ts";

const TOLERANCE: Tolerance = {
  latencyPercent: 20,
  latencyMs: 5,
  throughputPercent: 10,
  soldPercent: 0,
};

function report(oversold = 0): Report {
  const { history, ledger } = busyRun({
    clients: 300,
    stock: 200,
    permitsPerMinute: 300,
    oversold,
  });
  return buildReport(history, ledger, judgeRun(history, ledger));
}

function withLatency(base: Report, op: string, p99: number): Report {
  const latency = base.latency.map((row) => (row.op === op ? { ...row, p99 } : row));
  return { ...base, latency };
}

const rowOf = (rows: readonly ComparedRow[], what: string) => rows.find((row) => row.what === what);

test("a run compared with itself is the same everywhere", () => {
  const { rows, regressions, differences } = compareReports(report(), report(), TOLERANCE);
  assert.is(regressions, 0);
  assert.equal(differences, []);
  assert.ok(rows.every((row) => row.change === "same" || row.change === "unknown"));
});

test("a promise newly broken is a regression, and the other way round none", () => {
  const worse = compareReports(report(), report(3), TOLERANCE);
  assert.is(rowOf(worse.rows, "stock")?.change, "worse");
  assert.is(rowOf(worse.rows, "passes")?.change, "worse");
  const better = compareReports(report(3), report(), TOLERANCE);
  assert.is(rowOf(better.rows, "stock")?.change, "better");
});

test("latency counts when it grows by more than both the share and the milliseconds", () => {
  const base = withLatency(report(), "poll", 10);
  const change = (p99: number) =>
    rowOf(compareReports(base, withLatency(base, "poll", p99), TOLERANCE).rows, "poll p99, ms")
      ?.change;
  assert.equal([10, 14.9, 15.1, 4].map(change), ["same", "same", "worse", "better"]);
});

test("few requests are no ground for a verdict", () => {
  const base = report();
  const few = { ...base, latency: base.latency.map((row) => ({ ...row, count: 99, p99: 9_999 })) };
  const { rows } = compareReports(base, few, TOLERANCE);
  assert.is(rowOf(rows, "poll p99, ms")?.change, "unknown");
});

test("fewer sold and fewer operations a second are regressions beyond their tolerance", () => {
  const base = report();
  const slower = { ...base, durationMs: base.durationMs * 1.2 };
  assert.is(
    rowOf(compareReports(base, slower, TOLERANCE).rows, "operations per second")?.change,
    "worse",
  );
  const books = { ...base.books!, reservations: { CONFIRMED: 1 } };
  const text = comparisonText(compareReports(base, { ...base, books }, TOLERANCE));
  assert.match(text, /^✗ bookings confirmed +\d+ +1 +-\d+\.\d % worse$/m);
  assert.match(text, /1 regression$/);
});

test("runs that were asked different things say so", () => {
  const base = report();
  const run = { ...base.run, settings: { ...base.run.settings, clients: 7 } };
  const { differences } = compareReports(base, { ...base, run }, TOLERANCE);
  assert.equal(differences, ["clients 300 → 7"]);
});

test("a crowd of other habits is named by the habit; the same ones, read twice, are the same", () => {
  const habits = { impatientPercent: 0, patienceSeconds: 10, doubleClickPercent: 3 };
  const told = (changes: object): Report => {
    const base = report();
    const settings = {
      ...base.run.settings,
      habits: { ...habits, retryingPercent: 0, ...changes },
    };
    return { ...base, run: { ...base.run, settings } };
  };
  const between = (changes: object) =>
    compareReports(told({}), told(changes), TOLERANCE).differences;
  assert.equal(between({}), []);
  assert.equal(between({ retryingPercent: 5 }), ["retryingPercent 0 → 5"]);
});

test("what a target does not show counts by what it is", () => {
  const hiding = (...hidden: Hidden[]): Report => {
    const base = report();
    return { ...base, run: { ...base.run, settings: { ...base.run.settings, hidden } } };
  };
  const between = (after: Report) =>
    compareReports(hiding("passTimes"), after, TOLERANCE).differences;
  assert.equal(between(hiding("passTimes")), []);
  assert.equal(between(hiding("passTimes", "payments")), [
    "hidden passTimes → passTimes, payments",
  ]);
});

test.run();
