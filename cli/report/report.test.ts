/** The report: what it counts, and that it survives being written as JSON. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeRun } from "../judge/judge.ts";
import { BooksBuilder, RunBuilder } from "../judge/testing.ts";
import { latencyOf } from "./latency.ts";
import { buildReport, type Report } from "./report.ts";
import { perStep } from "./series.ts";

function sample(): Report {
  const run = new RunBuilder({ permitsPerMinute: 1 });
  run.stock(0, 10, 0);
  run.join(0, 0);
  run.join(1, 20);
  run.pass(0, 1000, "pass_0", 500);
  run.reserve(0, 1100, { pass: "pass_0", reservationId: 1 });
  run.reserve(1, 1200, { outcome: "fail", status: 403, code: "PASS_TOKEN_REQUIRED", key: "x" });
  run.reserve(1, 1300, { outcome: "fail", status: 403, code: "PASS_TOKEN_REQUIRED", key: "y" });
  run.poll(1, 1400, { outcome: "unknown", tookMs: 2000 });
  run.follow(0, 2100, 1, { reservationStatus: "CONFIRMED" });
  run.follow(0, 3100, 1, { reservationStatus: "CONFIRMED" });
  run.pass(1, 61_000, "pass_1", 60_500);
  const history = run.history();
  const ledger = new BooksBuilder(run.sale)
    .book(1)
    .book(2, { status: "CANCELLED", charges: [5000], refunds: [5000] })
    .ledger();
  return buildReport(history, ledger, judgeRun(history, ledger));
}

test("outcomes, errors and clients are counted", () => {
  const { totals, errors } = sample();
  assert.equal(totals.outcomes, { ok: 7, fail: 2, unknown: 1 });
  assert.is(totals.clients, 2);
  assert.equal(
    totals.byOp.find((row) => row.op === "reserve"),
    {
      op: "reserve",
      ok: 1,
      fail: 2,
      unknown: 0,
    },
  );
  assert.equal(errors, [
    { op: "reserve", code: "PASS_TOKEN_REQUIRED", outcome: "fail", count: 2 },
    { op: "poll", code: "NO_ANSWER", outcome: "unknown", count: 1 },
  ]);
});

test("who sends the probes is no client", () => {
  const run = new RunBuilder();
  run.join(0, 100);
  run.probe("input", "a request that must be refused", 200);
  const history = run.history();
  const { totals } = buildReport(history, undefined, judgeRun(history, undefined));
  assert.equal([totals.clients, totals.operations], [1, 2]);
});

test("admissions run by the queue's clock from the first on", () => {
  const { admissions } = sample();
  assert.is(admissions.total, 2);
  assert.is(admissions.mostInAnyMinute, 1);
  assert.is(admissions.perStep.values.length, 61);
  assert.is(admissions.perStep.values[0], 1);
  assert.is(admissions.perStep.values[60], 1);
});

test("the line grows with joins and shrinks with passes", () => {
  const { line } = sample();
  assert.equal(line.values.slice(0, 3), [2, 1, 1]);
  assert.is(line.values[60], 1);
  assert.is(line.values[61], 0);
});

test("a reservation seen confirmed twice is one booking", () => {
  const { bookings } = sample();
  assert.equal(bookings.accepted.slice(0, 3), [0, 1, 1]);
  assert.equal(bookings.confirmed.slice(1, 5), [0, 1, 1, 1]);
});

test("the books are summed", () => {
  const { books, stock } = sample();
  assert.equal(books?.reservations, { CANCELLED: 1, CONFIRMED: 1 });
  assert.equal(books?.sagas, { COMPENSATED: 1, COMPLETED: 1 });
  assert.equal([books?.chargedCents, books?.refundedCents], [10_000, 5000]);
  assert.is(stock.end?.[0]?.availableStock, 9);
});

test("latency counts from the intended start, raw from the actual, without what the end cut short", () => {
  const run = new RunBuilder();
  for (let ms = 1; ms <= 100; ms++) run.poll(0, 0, { tookMs: ms });
  run.poll(0, 0, { outcome: "unknown", code: "RUN_ENDED", tookMs: 9999 });
  const [late] = run.history().ops.slice(-1);
  const stalled = { ...run.join(0, 500), intendedMs: 100 };
  const rows = latencyOf([...run.history().ops.filter((op) => op.op === "poll"), stalled]);
  const { p50, p90, p99, p999, max, count } = rows[0] ?? {};
  assert.equal([p50, p90, p99, p999, max, count], [50, 90, 99, 100, 100, 100]);
  assert.equal([rows[1]?.op, rows[1]?.max, rows[1]?.raw.max], ["join", 410, 10]);
  assert.is(late?.code, "RUN_ENDED");
});

test("a long run has longer steps, not more", () => {
  const day = perStep([0, 86_400_000]);
  assert.is(day.stepSeconds, 24);
  assert.is(day.values.length, 3601);
});

test("report.json loses nothing", () => {
  const report = sample();
  assert.equal(JSON.parse(JSON.stringify(report)), report);
  assert.is(report.version, 1);
});

test("an empty run makes a report too", () => {
  const history = new RunBuilder().cutOff();
  const report = buildReport(history, undefined, judgeRun(history, undefined));
  assert.is(report.ended, "cut-off");
  assert.is(report.result, "unknown");
  assert.equal(JSON.parse(JSON.stringify(report)), report);
});

test.run();
