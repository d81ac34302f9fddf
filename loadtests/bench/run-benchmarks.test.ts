import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnavailableError } from "../../services/common/errors.ts";
import { ServerUnavailable } from "../../services/common/servers/server-unavailable.ts";
import { type Benchmark, type Result, resultOf } from "./benchmark.ts";
import { type RunOptions, runBenchmarks } from "./run-benchmarks.ts";
import { renderResults } from "./table.ts";

const options: RunOptions = {
  pairs: 1,
  seconds: 1,
  environment: {},
  progress: () => {},
  interrupted: new AbortController().signal,
};
const nothing: Benchmark = { name: "nothing", about: "", run: async () => [] };
const sides = { a: "this", b: "that" };
const about = { name: "speed", unit: "calls/s", sides, settings: { load: "none" } };
const blocks = (a: number, b: number) => ({ a: [{ value: a }], b: [{ value: b }] });

test("a missing program is told before anything has run", async () => {
  let ran = false;
  const run = async () => {
    ran = true;
    return [];
  };
  const needy = { ...nothing, name: "needy", programs: { "no-such-program": "its-package" } };
  try {
    await runBenchmarks([{ ...nothing, run }, needy], options);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, UnavailableError);
    assert.is(
      (error as Error).message,
      "needy needs no-such-program: install the package its-package",
    );
  }
  assert.not(ran);
});

test("what a benchmark opened is closed last first, also when it fails", async () => {
  const closed: string[] = [];
  const failing: Benchmark = {
    ...nothing,
    run: async ({ parts }) => {
      for (const name of ["server", "client"]) parts.defer(() => void closed.push(name));
      throw new ServerUnavailable("no server here");
    },
  };
  try {
    await runBenchmarks([failing], options);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, UnavailableError);
  }
  assert.equal(closed, ["client", "server"]);
});

test("a goal holds at its bound, and without a goal nothing is judged", () => {
  const judge = (goal: { atLeast: number } | { atMost: number }, a: number): Result["holds"] =>
    resultOf({ ...about, goal }, blocks(a, 100)).holds;
  assert.is(judge({ atLeast: 0.75 }, 75), true);
  assert.is(judge({ atLeast: 0.75 }, 74), false);
  assert.is(judge({ atMost: 1.5 }, 150), true);
  assert.is(judge({ atMost: 1.5 }, 151), false);
  const { goal, goalIs, holds } = resultOf(about, blocks(1, 1));
  assert.equal([goal, goalIs, holds], [null, null, null]);
});

test("the table shows what was missed, what was noisy and what it was measured with", () => {
  const missed = resultOf({ ...about, goal: { atLeast: 0.75 } }, blocks(12_345, 100_000));
  const text = renderResults([missed, { ...missed, name: "shaky", noisy: true }]);
  const [head = "", first = "", second = ""] = text.split("\n");
  assert.match(head, /ratio +goal +holds/);
  assert.match(first, /^speed +0\.12 +≥ 0\.75 +NO +12,345 +100,000 +calls\/s +0\.12 to 0\.12$/);
  assert.match(second, "NO (noisy)");
  assert.match(text, "  A: this\n  B: that\n  load: none");
});

test.run();
