import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Fault } from "../judge/history.ts";
import { startOperatedStack } from "../testing/operated-stack.ts";
import { reservex, temporaryFolder } from "../testing/processes.ts";

async function faultsOf(run: string): Promise<Fault[]> {
  const lines = (await readFile(join(run, "history.ndjson"), "utf8")).trim().split("\n");
  return lines.map((line) => JSON.parse(line)).filter((one) => one.kind === "fault");
}

test("a sale goes on while everything fails: the faults stand in its record, the books are exact", async () => {
  const out = await temporaryFolder();
  try {
    const { code, stdout, stderr } = await reservex([
      ...["demo", "--chaos", "--json", "--quiet", "--out", out, "--seed", "5"],
      ...["--clients", "150", "--stock", "60", "--permits-per-minute", "300"],
      ...["--arrival-seconds", "15", "--max-seconds", "45", "--attackers", "0"],
    ]);
    assert.not.equal(stdout, "", stderr);
    const report = JSON.parse(stdout);
    const faults = await faultsOf(out);
    assert.ok(faults.length >= 5, `${faults.length} faults`);
    assert.ok(new Set(faults.map(({ what }) => what)).size >= 5, "of many kinds");
    const noted = report.notes.map((note: { text: string }) => note.text);
    assert.ok(
      faults.every(({ text }) => noted.includes(text)),
      "each is on the report's time line",
    );
    const verdict = (name: string) =>
      report.verdicts.find((one: { promise: string }) => one.promise === name);
    for (const name of ["stock", "money"]) {
      const { verdict: word, because } = verdict(name);
      assert.is(word, "valid", `${name}: ${because} (exit ${code})`);
    }
  } finally {
    await rm(out, { recursive: true });
  }
});

test("a stack that runs is disturbed by what can be undone, and several workers record each fault", async () => {
  const operated = await startOperatedStack({ LOG_LEVEL: "fatal" });
  const run = join(operated.dataDir, "run");
  try {
    const asked = ["simulate", ...operated.access, "--chaos", "--seed", "5"];
    const { code, stdout, stderr } = await reservex([
      ...[...asked, "--workers", "2", "--json", "--quiet", "--out", run],
      ...["--clients", "120", "--stock", "60", "--permits-per-minute", "300"],
      ...["--arrival-seconds", "15", "--max-seconds", "60"],
    ]);
    assert.not.equal(stdout, "", stderr);
    const report = JSON.parse(stdout);
    const faults = await faultsOf(run);
    const kinds = [...new Set(faults.map(({ what }) => what))].sort();
    assert.equal(kinds, ["cut", "delay", "pause", "payments"], `${code} ${stderr}`);
    const verdicts = report.verdicts as { promise: string; verdict: string; because: string }[];
    for (const { promise, verdict, because } of verdicts) {
      if (["stock", "money"].includes(promise)) assert.is(verdict, "valid", because);
      assert.is.not(verdict, "broken", because);
    }
  } finally {
    await operated.stop();
  }
});

test("what cannot be undone, and what is not ours, is refused before anything starts", async () => {
  const kill = await reservex(["simulate", "--chaos", "cut,kill"]);
  assert.is(kill.code, 64);
  assert.match(kill.stderr, "a stack that runs already takes pause, cut, delay, payments");
  const away = await reservex(["simulate", "--chaos", "--target", "queue=http://127.0.0.1:1"]);
  assert.is(away.code, 64);
  assert.match(away.stderr, "not for --target");
});

test("a fault that nobody knows is wrong usage", async () => {
  const { code, stderr } = await reservex(["demo", "--chaos", "kill,rain"]);
  assert.is(code, 64);
  assert.match(stderr, /"rain" is none of kill, pause, server, cut, delay, flush, payments/);
});

test.run();
