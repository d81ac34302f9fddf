/** The verdict table: aligned, within its width, plain unless colours are asked for. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RunVerdict } from "../judge/judge.ts";
import { renderVerdictTable } from "./verdict-table.ts";

const RUN: RunVerdict = {
  verdicts: [
    { promise: "rate", verdict: "valid", because: "fine", checked: 1200, witnesses: [] },
    {
      promise: "fairness",
      verdict: "broken",
      because: "2 clients of 90 admitted before someone who joined earlier and stayed",
      checked: 90,
      witnesses: [{ words: "client 2\u001B[31m overtook client 1\nas one could see", ops: [1] }],
    },
    { promise: "money", verdict: "unknown", because: "no ledger", checked: 0, witnesses: [] },
  ],
  testerVerdict: { valid: true, known: true, because: "healthy" },
  exitCode: 1,
};

test("columns are aligned and say everything without colours", () => {
  assert.is(
    renderVerdictTable(RUN, { color: false, width: 80 }),
    [
      "  promise   verdict  checked  because",
      "✓ rate      valid      1,200  fine",
      "✗ fairness  broken        90  2 clients of 90 admitted before someone who joined",
      "                              earlier and stayed",
      "                              → client 2\uFFFD[31m overtook client 1\uFFFDas one could see",
      "? money     unknown        0  no ledger",
      "✓ tester    valid             healthy",
      "",
      "A promise was broken (exit code 1).",
      "",
    ].join("\n"),
  );
});

test("no line is wider than the screen, on a narrow one neither", () => {
  for (const width of [40, 52, 66, 80, 120]) {
    for (const line of renderVerdictTable(RUN, { color: false, width }).split("\n")) {
      assert.ok(line.length <= width, `${width}: ${line}`);
    }
  }
});

test("colours change nothing but colours", () => {
  const painted = renderVerdictTable(RUN, { color: true, width: 80 });
  assert.match(painted, "\u001B[31m✗\u001B[0m fairness");
  const esc = String.fromCharCode(27);
  const bare = painted.replaceAll(new RegExp(`${esc}\\[[0-9]+m`, "g"), "");
  assert.is(bare, renderVerdictTable(RUN, { color: false, width: 80 }));
});

test("a tester that is not healthy is named invalid, or unknown when nobody knows", () => {
  const because = "too late";
  const bad = { ...RUN, testerVerdict: { valid: false, known: true, because } };
  assert.match(renderVerdictTable(bad, { color: false, width: 80 }), /✗ tester {4}invalid/);
  const cut = { ...RUN, testerVerdict: { valid: false, known: false, because } };
  assert.match(renderVerdictTable(cut, { color: false, width: 80 }), /\? tester {4}unknown/);
});

test.run();
