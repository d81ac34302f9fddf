/** Walks this folder: each recorded run must get the verdicts that its expected.json names. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Ledger } from "../../cli/judge/history.ts";
import { judgeRun } from "../../cli/judge/judge.ts";
import { parseHistory, parseLedger } from "../../cli/judge/parse.ts";

type Expectation = "valid" | "unknown" | { readonly verdict: "broken"; readonly words: string[] };

interface Expected {
  /** What happened in this run, for people. */
  readonly about: string;
  readonly exitCode: number;
  /** A promise that is not named here may be anything but broken. */
  readonly verdicts: Readonly<Record<string, Expectation>>;
}

const PROMISES = ["rate", "liveness", "fairness", "passes", "stock", "money", "input", "access"];

function ledgerOf(folder: string): Ledger | undefined {
  const file = join(folder, "ledger.json");
  if (!existsSync(file)) return undefined;
  const parsed = parseLedger(readFileSync(file, "utf8"));
  if (!parsed.ok) throw new Error(`${file}: ${parsed.problem.wrong}`);
  return parsed.ledger;
}

const judged = new Map<string, Set<string>>(PROMISES.map((name) => [name, new Set()]));

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

for (const name of folders) {
  const folder = join(import.meta.dirname, name);
  const expected: Expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
  test(`${name}: ${expected.about}`, () => {
    const parsed = parseHistory(readFileSync(join(folder, "history.ndjson"), "utf8"));
    assert.ok(parsed.ok, parsed.ok ? "" : `line ${parsed.problem.line}: ${parsed.problem.wrong}`);
    if (!parsed.ok) return;
    const run = judgeRun(parsed.history, ledgerOf(folder));
    for (const verdict of run.verdicts) {
      const wanted = expected.verdicts[verdict.promise];
      const said = `${verdict.promise}: ${verdict.because}`;
      judged.get(verdict.promise)?.add(verdict.verdict);
      if (wanted === undefined) assert.is.not(verdict.verdict, "broken", said);
      else if (typeof wanted === "string") assert.is(verdict.verdict, wanted, said);
      else {
        assert.is(verdict.verdict, wanted.verdict, said);
        const witnesses = verdict.witnesses.map((witness) => witness.words).join("\n");
        for (const words of wanted.words) assert.match(witnesses, words);
      }
    }
    assert.is(run.exitCode, expected.exitCode);
  });
}

test("each judge rejects, accepts and abstains somewhere in this folder", () => {
  for (const [promise, verdicts] of judged) {
    assert.equal([...verdicts].sort(), ["broken", "unknown", "valid"], promise);
  }
});

test.run();
