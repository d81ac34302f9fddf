/** The whole bench of judges: exit codes, the tester's own verdict, big runs. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { History, Ledger } from "./history.ts";
import { judgeRun } from "./judge.ts";
import { BooksBuilder, RunBuilder } from "./testing.ts";

/** Two clients through the whole journey, one permit a minute, so that every judge concludes. */
function goodRun(): { run: RunBuilder; ledger: Ledger } {
  const run = new RunBuilder({ permitsPerMinute: 1 });
  run.join(0, 0);
  run.join(1, 20);
  run.probes(300);
  run.pass(0, 1000, "pass_0", 500);
  run.reserve(0, 1100, { pass: "pass_0", reservationId: 1 });
  run.pass(1, 62_000, "pass_1", 60_500);
  run.reserve(1, 62_100, { pass: "pass_1", reservationId: 2 });
  return { run, ledger: new BooksBuilder(run.sale).book(1).book(2).ledger() };
}

test("a run in which every promise held exits 0", () => {
  const { run, ledger } = goodRun();
  const judged = judgeRun(run.history(), ledger);
  assert.equal(
    judged.verdicts.map((one) => [one.promise, one.verdict]),
    ["rate", "liveness", "fairness", "passes", "stock", "money", "input", "access"].map((name) => [
      name,
      "valid",
    ]),
  );
  assert.is(judged.exitCode, 0);
});

test("an empty run is unknown, never green", () => {
  const run = new RunBuilder();
  const judged = judgeRun(run.history(), new BooksBuilder(run.sale).ledger());
  assert.ok(judged.verdicts.every((one) => one.verdict === "unknown"));
  assert.is(judged.exitCode, 2);
});

test("a tester that sent too late, or dropped arrivals, makes the run invalid", () => {
  const { run, ledger } = goodRun();
  const late = judgeRun(run.history({ sendLagMs: { p50: 1, p99: 10.1, max: 90 } }), ledger);
  assert.is(late.exitCode, 3);
  assert.match(late.testerVerdict.because, "10.1 ms late (p99), 10 ms allowed");
  const edge = judgeRun(run.history({ sendLagMs: { p50: 1, p99: 10, max: 90 } }), ledger);
  assert.is(edge.exitCode, 0);
  assert.is(judgeRun(run.history({ droppedArrivals: 1 }), ledger).exitCode, 3);
});

test("a violation is certain whatever the tester's health", () => {
  const { run } = goodRun();
  const ledger = new BooksBuilder(run.sale).book(1).book(2, { charges: [] }).ledger();
  assert.is(judgeRun(run.history({ droppedArrivals: 1 }), ledger).exitCode, 1);
});

test("a recording cut off is unknown, not invalid, and a violation in it is still one", () => {
  const { run, ledger } = goodRun();
  const cut = judgeRun(run.cutOff(), ledger);
  assert.equal([cut.testerVerdict.valid, cut.testerVerdict.known], [false, false]);
  assert.is(cut.exitCode, 2);
  run.reserve(1, 62_200, { attack: "no-pass", key: "other", reservationId: 3 });
  assert.is(judgeRun(run.cutOff(), ledger).exitCode, 1);
});

test("a verdict names five witnesses at most", () => {
  const { run } = goodRun();
  const books = new BooksBuilder(run.sale);
  for (let id = 1; id <= 9; id++) books.book(id, { charges: [] });
  const money = judgeRun(run.history(), books.ledger()).verdicts.find((v) => v.promise === "money");
  assert.is(money?.witnesses.length, 5);
  assert.match(money?.because ?? "", "9 disagreements");
});

test("a hundred thousand operations are judged in seconds", () => {
  const judged = judgeRun(longRun(20_000), undefined);
  assert.is(judged.verdicts.find((one) => one.promise === "rate")?.verdict, "valid");
  assert.is(judged.verdicts.find((one) => one.promise === "fairness")?.verdict, "valid");
});

/** Each client joins, waits twice, gets its pass and buys. */
function longRun(clients: number): History {
  const totalStock = clients * 2;
  const products = [{ id: 1, name: "Standing", priceCents: 5000, totalStock, maxPerUser: 1 }];
  const run = new RunBuilder({ permitsPerMinute: 6000, products });
  for (let client = 0; client < clients; client++) {
    const at = client * 10;
    run.join(client, at, { tookMs: 1 });
    run.poll(client, at + 3000);
    run.poll(client, at + 6000);
    run.pass(client, at + 9000, `pass_${client}`, at + 8000);
    run.reserve(client, at + 9100, { pass: `pass_${client}`, reservationId: client });
  }
  return run.history();
}

test.run();
