import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Fault } from "../judge/history.ts";
import { reservex, temporaryFolder } from "../testing/processes.ts";

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
    const lines = (await readFile(join(out, "history.ndjson"), "utf8")).trim().split("\n");
    const faults: Fault[] = lines
      .map((line) => JSON.parse(line))
      .filter((one) => one.kind === "fault");
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

test("a fault that nobody knows is wrong usage", async () => {
  const { code, stderr } = await reservex(["demo", "--chaos", "kill,rain"]);
  assert.is(code, 64);
  assert.match(stderr, /"rain" is none of kill, pause, server, cut, delay, flush, payments/);
});

test.run();
