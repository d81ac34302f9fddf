/** The command as a whole, on one short pair: whether it measures, not what. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { reservex } from "../../cli/testing/processes.ts";
import type { Result } from "./benchmark.ts";

test("every benchmark runs to its end and says what it was measured with", async () => {
  const { code, stdout, stderr } = await reservex([
    ...["bench", "--only", "poll,join", "--pairs", "1", "--seconds", "1", "--json"],
  ]);
  assert.is(code, 0, stderr);
  const { machine, results } = JSON.parse(stdout) as {
    machine: { cores: number; node: string };
    results: Result[];
  };
  assert.ok(machine.cores > 0 && machine.node);
  const names = results.map(({ name }) => name);
  assert.equal(names, ["poll", "poll-naive", "poll-node-http", "join"]);
  for (const { ratio, a, b, spread, settings, goal, holds } of results) {
    assert.ok(ratio > 0 && a > 0 && b > 0 && spread.min <= ratio && ratio <= spread.max);
    assert.ok(settings.A && settings.B && settings.redis);
    assert.is(holds === null, goal === null);
  }
});

test("a benchmark that does not exist is wrong usage", async () => {
  for (const args of [
    ["--only", "poll,tennis"],
    ["--pairs", "0"],
    ["--seconds", "long"],
  ]) {
    const { code, stdout } = await reservex(["bench", ...args]);
    assert.is(code, 64);
    assert.is(stdout, "");
  }
});

test.run();
