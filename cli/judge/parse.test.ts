/** The parser: reads back what was recorded, and names the line and the field that is wrong. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseHistory, parseLedger } from "./parse.ts";
import { BooksBuilder, RunBuilder } from "./testing.ts";

function recorded(): { lines: string[]; run: RunBuilder } {
  const run = new RunBuilder();
  run.join(0, 0);
  run.pass(0, 1000, "pass_0", 500);
  run.reserve(0, 1100, { pass: "pass_0", reservationId: 1, sagaId: "s1", status: 201 });
  run.follow(0, 1200, 1, { reservationStatus: "CONFIRMED" });
  run.leave(0, 1300, { outcome: "fail", status: 404, code: "NOT_IN_QUEUE" });
  run.stock(1000, 9, 1);
  run.note(1100, "a note");
  const { run: head, ops, stock, notes, end } = run.history();
  return { run, lines: [head, ...ops, ...stock, ...notes, end].map((one) => JSON.stringify(one)) };
}

function problemOf(lines: readonly string[]): string {
  const parsed = parseHistory(lines);
  return parsed.ok ? "none" : `${parsed.problem.line}: ${parsed.problem.wrong}`;
}

test("what was recorded is read back, from a text or from lines", () => {
  const { lines, run } = recorded();
  const expected = { ok: true, history: run.history() };
  assert.equal(parseHistory(lines), expected);
  assert.equal(parseHistory(`${lines.join("\n")}\n`), expected);
});

test("a history without its last line, or with half of one, is cut off", () => {
  const { lines, run } = recorded();
  const whole = lines.slice(0, -1);
  assert.equal(parseHistory(whole), { ok: true, history: run.cutOff() });
  const torn = `${whole.join("\n")}\n{"kind":"op","op":"jo`;
  assert.equal(parseHistory(torn), { ok: true, history: run.cutOff() });
});

test("each problem names its line and what is wrong", () => {
  const { lines } = recorded();
  const [head = "", join = ""] = lines;
  const end = lines.at(-1) ?? "";
  assert.is(problemOf([]), "1: the history is empty: no run line");
  assert.is(problemOf([join]), "1: the first line must be the run line");
  assert.is(problemOf([head, head]), "2: a second run line");
  assert.is(problemOf([head, "{", join]), "2: not a JSON document");
  assert.is(problemOf([head, "7"]), "2: a line must be a JSON object");
  assert.is(problemOf([head, end, join]), "3: a line after the end line");
  assert.is(problemOf([head, end, "{"]), "3: not a JSON document");
  assert.is(problemOf([head, join, join]), "3: a second operation 1");
  assert.match(problemOf([head, '{"kind":"what"}']), "2: kind must be one of run, op, stock");
  assert.match(problemOf([head, '{"kind":"constructor"}']), "2: kind must be one of");
  assert.match(problemOf([head, '{"kind":"op","op":"toString"}']), "2: op must be one of join");
});

test("an operation after the end of the run is refused", () => {
  const { lines } = recorded();
  const end = (lines.at(-1) ?? "").replace(/"atMs":[\d.]+/, '"atMs":200');
  const spoilt = [...lines.slice(0, -1), end];
  assert.match(problemOf(spoilt), "the run ended at 0.200 s, and an operation at 1.310 s");
});

test("each field is checked", () => {
  const { lines } = recorded();
  const [head = "", join = "", poll = ""] = lines;
  const spoil = (line: string, from: string, to: string) => line.replace(from, to);
  const older = spoil(head, '"version":1', '"version":9');
  assert.is(problemOf([older]), "1: version must be 1, not 9");
  const noRate = spoil(head, '"permitsPerMinute":100', '"permitsPerMinute":"100"');
  assert.match(problemOf([noRate]), "1: sale.permitsPerMinute must be a whole number, 0 or more");
  const noPrice = spoil(head, '"priceCents":5000', '"priceCents":50.5');
  assert.match(problemOf([noPrice]), "1: sale.products[0].priceCents must be a whole number");
  const unsure = spoil(join, '"outcome":"ok"', '"outcome":"maybe"');
  assert.match(problemOf([head, unsure]), "2: outcome must be one of ok, fail, unknown");
  const backwards = spoil(join, '"endedMs":10', '"endedMs":-1');
  assert.is(problemOf([head, backwards]), "2: operation 1 ended before it was invoked");
  const noInstant = spoil(poll, '"passExpiresAt":"2', '"passExpiresAt":"x2');
  assert.match(problemOf([head, noInstant]), "2: passExpiresAt must be an ISO-8601 instant");
});

test("a ledger is read back, and its problems named", () => {
  const ledger = new BooksBuilder(new RunBuilder().sale).book(1).ledger();
  assert.equal(parseLedger(JSON.stringify(ledger)), { ok: true, ledger });
  const spoilt = JSON.stringify(ledger).replace('"CONFIRMED"', '"DONE"');
  const parsed = parseLedger(spoilt);
  assert.is(parsed.ok, false);
  if (!parsed.ok) assert.match(parsed.problem.wrong, "reservations[0].status must be one of");
  assert.equal(parseLedger("{"), { ok: false, problem: { line: 1, wrong: "not a JSON document" } });
});

test.run();
