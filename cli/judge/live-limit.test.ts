/** A limit changed by a person while the run went on: never green, never an accusation that it made. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { History } from "./history.ts";
import { judgeRun } from "./judge.ts";
import { RunBuilder } from "./testing.ts";

/** Four clients, admitted a second apart, under a limit of two a minute. */
function four(changedTo?: number): History {
  const run = new RunBuilder({ permitsPerMinute: 2, pacing: "burst" });
  for (let client = 0; client < 4; client += 1) run.join(client, client * 10);
  for (let client = 0; client < 4; client += 1) {
    run.pass(client, 1_000 + client * 1_000, `pass_${client}`, 500 + client * 1_000);
  }
  const history = run.history();
  if (changedTo === undefined) return history;
  const note = { kind: "note", atMs: 1_500, text: "changed", permitsPerMinute: changedTo } as const;
  return { ...history, notes: [note] };
}

const verdictOf = (history: History, promise: string) =>
  judgeRun(history, undefined).verdicts.find((one) => one.promise === promise);

test("without a change the limit is the sale's", () => {
  assert.is(verdictOf(four(), "rate")?.verdict, "broken");
});

test("admissions that a raised limit allows are no breach, and no proof", () => {
  assert.is(verdictOf(four(4), "rate")?.verdict, "unknown");
  assert.is(verdictOf(four(3), "rate")?.verdict, "broken");
});

test("a lowered limit leaves the higher one in force, and proves nothing about idle permits", () => {
  assert.is(verdictOf(four(1), "rate")?.verdict, "broken");
  assert.is.not(verdictOf(four(1), "liveness")?.verdict, "valid");
  assert.is.not(verdictOf(four(1), "liveness")?.verdict, "broken");
});

test.run();
