/** report.md: verdicts and evidence for a build's page, and nobody's markup. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeRun } from "../judge/judge.ts";
import { RunBuilder } from "../judge/testing.ts";
import { renderMarkdown } from "./markdown.ts";
import { buildReport, type Report } from "./report.ts";
import { busyRun } from "./testing/busy-run.ts";

function broken(): Report {
  const { history, ledger } = busyRun({
    ...{ clients: 60, stock: 30, permitsPerMinute: 300, oversold: 2 },
  });
  return buildReport(history, ledger, judgeRun(history, ledger));
}

test("each promise has its row, and what is broken its evidence", () => {
  const text = renderMarkdown(broken());
  assert.match(text, /^## ❌ ReserveX run run-1: broken$/m);
  for (const { promise } of broken().verdicts) assert.match(text, `| ${promise} | `);
  assert.match(text, /^- \*\*passes\*\*: .* \(operations [\d, ]+\)$/m);
  assert.match(text, "| tester | ✅ valid |");
});

test("a row stays a row, whatever text stands in it", () => {
  const report = broken();
  const [first] = report.verdicts;
  const because = "a | b\n# c <img src=x> @all [d](http://e) `f`";
  const text = renderMarkdown({ ...report, verdicts: [{ ...first!, because }] });
  const row = text.split("\n").find((line) => line.startsWith(`| ${first!.promise} `)) ?? "";
  assert.is(row.match(/(?<!\\)\|/g)?.length, 4);
  assert.not.match(text, /<img|(?<!\\)@all|(?<!\\)\]\(/);
});

test("an empty run has a summary too", () => {
  const history = new RunBuilder().cutOff();
  const text = renderMarkdown(buildReport(history, undefined, judgeRun(history, undefined)));
  assert.match(text, "❔ ReserveX run run-1: unknown");
  assert.not.match(text, /NaN|undefined/);
});

test.run();
