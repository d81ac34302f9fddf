/** Commands that read run folders, as their users start them: compare, and the summary of judge. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeRun } from "../judge/judge.ts";
import { buildReport } from "../report/report.ts";
import { busyRun } from "../report/testing/busy-run.ts";
import { removeDataFolder, reservex, temporaryFolder } from "../testing/processes.ts";

/** The folder of a run that was recorded and judged. */
async function runFolder(parent: string, name: string, oversold: number): Promise<string> {
  const { history, ledger } = busyRun({ clients: 60, stock: 30, permitsPerMinute: 300, oversold });
  const folder = join(parent, name);
  await mkdir(folder);
  const lines = [history.run, ...history.ops, ...history.stock, ...history.notes, history.end];
  const text = lines.map((line) => JSON.stringify(line)).join("\n");
  await writeFile(join(folder, "history.ndjson"), `${text}\n`);
  await writeFile(join(folder, "ledger.json"), JSON.stringify(ledger));
  const report = buildReport(history, ledger, judgeRun(history, ledger));
  await writeFile(join(folder, "report.json"), JSON.stringify(report));
  return folder;
}

test("compare ends with 1 where the later run is worse, with 0 where it is not", async () => {
  const parent = await temporaryFolder();
  try {
    const good = await runFolder(parent, "good", 0);
    const bad = await runFolder(parent, "bad", 2);
    const kept = join(parent, "baseline.json");
    await copyFile(join(good, "report.json"), kept);
    const [same, alone, worse, back, nowhere, wrong] = await Promise.all([
      reservex(["compare", good, good]),
      reservex(["compare", kept, good]),
      reservex(["compare", good, bad, "--json"]),
      // What was sold too much is rightly missing.
      reservex(["compare", bad, good, "--sold-percent", "50"]),
      reservex(["compare", good, join(parent, "nowhere")]),
      reservex(["compare", good, bad, "--latency-ms", "-3"]),
    ]);
    assert.is(same.code, 0, same.stderr);
    assert.match(same.stdout, "no regression");
    assert.is(alone.code, 0, alone.stderr);
    assert.is(alone.stdout, same.stdout);
    assert.is(worse.code, 1, worse.stderr);
    const document = JSON.parse(worse.stdout);
    assert.ok(document.regressions >= 2);
    assert.is(document.rows.find((row: { what: string }) => row.what === "passes").change, "worse");
    assert.is(back.code, 0, back.stdout);
    assert.is(nowhere.code, 64);
    assert.match(nowhere.stderr, /^[^\n]*report\.json: cannot be read \(ENOENT\)[^\n]*\n$/);
    assert.is(nowhere.stdout, "");
    assert.is(wrong.code, 64);
  } finally {
    await removeDataFolder(parent);
  }
});

test("judge adds its summary to the file that it is given, and leaves what stands there", async () => {
  const parent = await temporaryFolder();
  try {
    const folder = await runFolder(parent, "bad", 2);
    const summary = join(parent, "summary.md");
    await writeFile(summary, "before\n");
    const { code, stderr } = await reservex(["judge", folder, "--summary", summary]);
    assert.is(code, 1, stderr);
    const text = await readFile(summary, "utf8");
    assert.match(text, /^before\n## ❌ ReserveX run/);
    assert.is(text, `before\n${await readFile(join(folder, "report.md"), "utf8")}`);
    assert.match(await readFile(join(folder, "report.html"), "utf8"), 'id="time-lapse"');
  } finally {
    await removeDataFolder(parent);
  }
});

test.run();
