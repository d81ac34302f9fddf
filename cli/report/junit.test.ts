/** junit.xml: failures and skips as CI servers count them, and text that no reader chokes on. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { History, Ledger, TesterHealth } from "../judge/history.ts";
import { judgeRun } from "../judge/judge.ts";
import { BooksBuilder, RunBuilder } from "../judge/testing.ts";
import { renderJunit } from "./junit.ts";
import { buildReport } from "./report.ts";

function xmlOf(history: History, ledger?: Ledger): string {
  return renderJunit(buildReport(history, ledger, judgeRun(history, ledger)));
}

function forged(pass: string): RunBuilder {
  const run = new RunBuilder();
  run.reserve(0, 0, { pass, attack: "forged-pass", reservationId: 1 });
  return run;
}

test("broken is a failure with its witnesses, unknown a skip, valid a pass", () => {
  const run = forged("pass_z");
  const xml = xmlOf(run.history(), new BooksBuilder(run.sale).book(1).ledger());
  assert.match(xml, '<testsuites name="reservex" tests="9" failures="1" errors="0" skipped="4"');
  assert.match(xml, "a forged pass, pass_z [operations 1]</failure>");
  assert.match(xml, /name="rate" time="0">\s+<skipped message="no pass/);
  assert.match(xml, /name="money" time="0">\s+<system-out>/);
});

test("an invalid tester fails, one that nobody knows is skipped", () => {
  const lag: Partial<TesterHealth> = { sendLagMs: { p50: 1, p99: 99, max: 100 } };
  const run = new RunBuilder();
  assert.match(xmlOf(run.history(lag)), '<failure type="invalid" message="requests left 99.0 ms');
  assert.match(xmlOf(run.cutOff()), /name="tester" time="0">\s+<skipped/);
});

test("markup, quotes and control characters are escaped", () => {
  const run = forged(`<b a="1">&'\u0000\u001B[31m\uD800`);
  const xml = xmlOf(run.history(), new BooksBuilder(run.sale).book(1).ledger());
  assert.match(xml, "&lt;b a=&quot;1&quot;&gt;&amp;&#39;\uFFFD\uFFFD[31m\uFFFD");
  assert.not.match(xml, "<b a");
});

test.run();
