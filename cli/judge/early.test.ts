/** What is certain before the end: it must convict in time, and never more than the judges do. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EarlyVerdicts } from "./early.ts";
import { RunBuilder } from "./testing.ts";

function told(run: RunBuilder): string[] {
  const early = new EarlyVerdicts(run.sale.permitsPerMinute);
  const { ops, stock } = run.history();
  for (const op of ops) early.take(op);
  for (const sample of stock) early.look(sample);
  return early.verdicts.map(({ promise }) => promise);
}

test("one pass more than the limit, all asked for within a minute, is certain at once", () => {
  const run = new RunBuilder({ permitsPerMinute: 2 });
  for (const client of [0, 1, 2]) run.join(client, client * 10);
  for (const client of [0, 1]) run.pass(client, 1_000 + client, `pass_${client}`, 500);
  assert.equal(told(run), []);
  run.pass(2, 59_000, "pass_2", 500);
  assert.equal(told(run), ["rate"]);
});

test("a limit that was raised on the way convicts nobody who keeps it", () => {
  const early = new EarlyVerdicts(2);
  const run = new RunBuilder({ permitsPerMinute: 2 });
  for (const client of [0, 1, 2]) run.join(client, client * 10);
  for (const client of [0, 1, 2]) run.pass(client, 1_000 + client, `pass_${client}`, 500);
  early.limitChanged(3);
  for (const op of run.history().ops) early.take(op);
  assert.equal(early.verdicts, []);
});

test("a pass that may have been issued earlier than the minute convicts nobody", () => {
  const run = new RunBuilder({ permitsPerMinute: 2 });
  for (const client of [0, 1, 2]) run.join(client, client * 10);
  for (const client of [0, 1]) run.pass(client, 1_000 + client, `pass_${client}`, 500);
  run.pass(2, 60_100, "pass_2", 500);
  assert.equal(told(run), []);
});

test("a spent pass that buys again under another key is certain; a repetition is none", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.pass(0, 100, "pass_0", 50);
  run.reserve(0, 200, { pass: "pass_0", reservationId: 1 });
  run.reserve(0, 300, { pass: "pass_0", reservationId: 1 });
  assert.equal(told(run), []);
  run.reserve(0, 400, { pass: "pass_0", key: "another", reservationId: 2 });
  assert.equal(told(run), ["passes"]);
});

test("a look at the stock that does not add up is certain", () => {
  const run = new RunBuilder();
  run.stock(100, 8, 2);
  assert.equal(told(run), []);
  run.stock(200, 8, 3);
  assert.equal(told(run), ["stock"]);
});

test("clients of any number are told apart", () => {
  const run = new RunBuilder({ permitsPerMinute: 2 });
  const clients = [3, 1_023, 1_024, 70_000];
  for (const client of clients) run.join(client, client / 1_000);
  for (const client of clients.slice(1)) run.pass(client, 1_000, `pass_${client}`, 500);
  assert.equal(told(run), ["rate"]);
});

test("a pass of one who was not seen to join convicts nobody", () => {
  const run = new RunBuilder({ permitsPerMinute: 1 });
  run.join(2_000, 0);
  for (const client of [1, 5_000, 2_000]) run.pass(client, 1_000, `pass_${client}`, 500);
  assert.equal(told(run), []);
});

test.run();
