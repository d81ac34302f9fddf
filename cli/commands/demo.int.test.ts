import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FREE_PORTS, removeDataFolder, reservex, temporaryFolder } from "../testing/processes.ts";
import { pause } from "../testing/shopper.ts";

/** More people than a minute's permits, and fewer seats than people: the limits are felt. */
const SMALL = ["--clients", "400", "--stock", "60", "--permits-per-minute", "300"];

const PROMISES = ["rate", "liveness", "fairness", "passes", "stock", "money", "input", "access"];

/** Processes whose command line speaks of a folder. */
function processesOf(word: string): string[] {
  const lines = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(word) && !line.includes("ps -eo"));
}

const demoFolders = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("reservex-demo-"));

test("a demo with failing payments and absent clients is valid, its stock exact, and leaves nothing behind", async () => {
  const dir = await temporaryFolder();
  const before = await demoFolders();
  const out = join(dir, "run");
  const trouble = ["--payment-failure", "30", "--absent", "20", "--attackers", "5"];
  const { code, stdout, stderr } = await reservex(
    ["demo", ...SMALL, ...trouble, "--json", "--out", out],
    FREE_PORTS,
  );
  const report = JSON.parse(stdout);
  assert.ok(Array.isArray(report.verdicts), `exit code ${code}: ${stdout} ${stderr}`);
  const verdicts = Object.fromEntries(
    report.verdicts.map((one: { promise: string; verdict: string }) => [one.promise, one.verdict]),
  );
  const whatEver = `${JSON.stringify(report.verdicts, undefined, 1)} ${JSON.stringify(report.tester)} ${stderr}`;
  for (const promise of PROMISES) {
    assert.is(verdicts[promise], "valid", whatEver);
  }
  // 3 says that this machine was too busy to measure with; the promises are judged all the same.
  assert.ok(code === 0 || code === 3, whatEver);
  const ledger = JSON.parse(await readFile(join(out, "ledger.json"), "utf8"));
  assert.is(ledger.settled, true);
  for (const line of ledger.products) {
    assert.is(line.totalStock, line.availableStock + line.held);
  }
  const cancelled = ledger.reservations.filter(
    (one: { status: string }) => one.status === "CANCELLED",
  );
  assert.ok(cancelled.length > 0, "some payments failed");
  const files = (await readdir(out)).sort();
  assert.equal(files, [
    "history.ndjson",
    "junit.xml",
    "ledger.json",
    "report.html",
    "report.json",
    "report.md",
  ]);

  assert.equal(await demoFolders(), before, "the data folder is gone");
  assert.equal(processesOf("reservex-demo-"), [], "no process is left");

  const again = await reservex(["judge", out]);
  assert.is(again.code, code, "judged again from the record alone: the same");
  await removeDataFolder(dir);
});

test("Ctrl-C ends a run early, judges what was seen and cleans up", async () => {
  const dir = await temporaryFolder();
  const out = join(dir, "run");
  let asked = false;
  const { code, stdout } = await reservex(["demo", ...SMALL, "--out", out], FREE_PORTS, (child) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      if (asked || !/selling/.test(chunk.toString())) return;
      asked = true;
      setTimeout(() => child.kill("SIGINT"), 3_000);
    });
  });
  assert.ok(asked);
  assert.ok(code !== 1 && code !== null && code < 64, `exit code ${code}: ${stdout}`);
  assert.match(stdout, "stock");
  const end = (await readFile(join(out, "history.ndjson"), "utf8")).trimEnd().split("\n").at(-1);
  assert.is(JSON.parse(end!).reason, "interrupted");
  assert.equal(processesOf("reservex-demo-"), []);
  await removeDataFolder(dir);
});

test("killed outright, a demo takes its services and its data folder with it", async () => {
  const dir = await temporaryFolder();
  const before = await demoFolders();
  await reservex(["demo", ...SMALL, "--out", join(dir, "run")], FREE_PORTS, (child) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      if (/selling/.test(chunk.toString())) child.kill("SIGKILL");
    });
  });
  const gone = async () =>
    processesOf("reservex-demo-").length === 0 &&
    (await demoFolders()).every((name) => before.includes(name));
  for (let look = 0; look < 100 && !(await gone()); look++) await pause(100);
  assert.equal(processesOf("reservex-demo-"), []);
  assert.equal(await demoFolders(), before);
  await removeDataFolder(dir);
});

test.run();
