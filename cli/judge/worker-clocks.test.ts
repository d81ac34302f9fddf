import { test } from "uvu";
import * as assert from "uvu/assert";
import type { History, TesterHealth } from "./history.ts";
import { judgeRun, judgeTester } from "./judge.ts";
import { RunBuilder } from "./testing.ts";
import { widened } from "./worker-clocks.ts";

const knownTo = (history: History, ...errors: number[]): History => {
  const clocks = errors.map((errorMs, index) => {
    return { worker: `host-${index}:1`, errorMs, driftMs: 0, exchanges: 60 };
  });
  return { ...history, run: { ...history.run, clocks } };
};

/** Client 1, who joined second, is seen with a pass 20 ms before client 0 is told to wait. */
function overtaken(tester: Partial<TesterHealth> = {}): History {
  const run = new RunBuilder({ permitsPerMinute: 600 });
  run.join(0, 1_000, { position: 0, pollAfterSeconds: 1 });
  run.join(1, 1_100, { position: 1, pollAfterSeconds: 1 });
  run.poll(1, 2_000, { pass: "pass_b", passExpiresAt: "2031-05-01T12:05:02.000Z", tookMs: 10 });
  run.poll(0, 2_030, { position: 0, pollAfterSeconds: 1, tookMs: 10 });
  return run.history(tester);
}

const fairness = (history: History) =>
  judgeRun(history, undefined).verdicts.find(({ promise }) => promise === "fairness");

test("what the clocks cannot tell apart accuses nobody; what they can, does", () => {
  const history = overtaken();
  assert.is(fairness(history)?.verdict, "broken", "on one clock it is certain");
  assert.is(fairness(knownTo(history, 0.5, 3))?.verdict, "broken", "20 ms are more than twice 3");
  assert.is.not(fairness(knownTo(history, 0.5, 30))?.verdict, "broken");
});

test("every interval grows by the greatest error, at both ends, and orders stand", () => {
  const history = overtaken();
  assert.is(widened(history), history, "one clock leaves it as it is");
  const wide = widened(knownTo(history, 2, 5));
  for (const [i, op] of history.ops.entries()) {
    const { invokedMs, endedMs } = op;
    assert.equal(wide.ops[i], { ...op, invokedMs: invokedMs - 5, endedMs: endedMs + 5 });
  }
});

test("the tester says how well it knew the time, and a clock too vague makes the run invalid", () => {
  const good = judgeTester(knownTo(overtaken(), 0.21));
  assert.is(good.valid, true);
  assert.match(good.because, /known to ±0\.21 ms/);
  const vague = judgeTester(knownTo(overtaken(), 0.21, 64));
  assert.is(vague.valid, false);
  assert.match(vague.because, /known to ±64\.00 ms, ±50 ms allowed/);
});

test("a lost worker makes the run invalid by name, and what everybody's record would take unknown", () => {
  const history = overtaken({ lostWorkers: ["host-1:7, silent for 10 s"] });
  const { verdicts, testerVerdict } = judgeRun(history, undefined);
  assert.is(testerVerdict.valid, false);
  assert.match(testerVerdict.because, "lacks the clients of host-1:7, silent for 10 s");
  for (const promise of ["liveness", "stock"]) {
    const one = verdicts.find((verdict) => verdict.promise === promise);
    assert.is(one?.verdict, "unknown");
    assert.match(one!.because, "lacks a part of the crowd");
  }
});

test.run();
