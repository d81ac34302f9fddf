import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { processEnvironment } from "../../services/common/config.ts";
import { findProgram } from "../../services/common/servers/programs.ts";
import { FREE_PORTS, removeDataFolder, reservex, temporaryFolder } from "../testing/processes.ts";
import { PseudoTerminal } from "../testing/pseudo-terminal.ts";
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

/** Others may be cleared away meanwhile. */
const demoFoldersSince = async (before: readonly string[]) =>
  (await demoFolders()).filter((name) => !before.includes(name));

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

  assert.equal(await demoFoldersSince(before), [], "the data folder is gone");
  assert.equal(processesOf("reservex-demo-"), [], "no process is left");

  const again = await reservex(["judge", out]);
  assert.is(again.code, code, "judged again from the record alone: the same");
  await removeDataFolder(dir);
});

const hasTerminals =
  platform() === "linux" && (await findProgram("script", processEnvironment())) !== undefined;

for (const [crowd, workers] of [
  ["one process", "1"],
  ["two", "2"],
] as const) {
  (hasTerminals ? test : test.skip)(
    `keys steer a run of ${crowd} from its screen and stand in its record; q ends it early, judged and cleaned up`,
    async () => {
      const dir = await temporaryFolder();
      const out = join(dir, "run");
      const args = ["demo", ...SMALL, "--arrival-seconds", "60", "--workers", workers];
      const screen = { columns: 100, rows: 30 };
      const terminal = new PseudoTerminal([...args, "--out", out], screen, dir, FREE_PORTS);
      try {
        await steer(terminal);
        const { code, modes } = await terminal.ended();
        assert.ok(code !== 1 && code !== null && code < 64, `exit code ${code}: ${terminal.left}`);
        assert.match(modes, / icanon /);
        assert.match(modes, / echo /);
        assert.is(terminal.isAlternate, false);
        assert.is(terminal.cursorHidden, false);
        assert.match(terminal.left, /stock +valid/);
        await assertRecorded(out);
        assert.equal(processesOf("reservex-demo-"), []);
      } finally {
        terminal.kill();
        await removeDataFolder(dir);
      }
    },
  );
}

const RIGHT = "\u001b[C";

/** Presses every key once, each after the screen has answered the one before. */
async function steer(terminal: PseudoTerminal): Promise<void> {
  const press = async (key: string, shows: RegExp) => {
    terminal.press(key);
    await terminal.shows(`${shows} after ${JSON.stringify(key)}`, (text) => shows.test(text));
    assert.equal(terminal.wrapped, []);
  };
  await terminal.shows("the sale", (text) => /● selling/.test(text) && /in line +[1-9]/.test(text));
  assert.ok(terminal.isAlternate && terminal.cursorHidden);
  await press("?", /KEYS ─.*Chaos here: pause, payments/s);
  await press("3", /\[3 stock\].*reserved confirmed/s);
  await press(RIGHT, /\[4 saga\].*(charging|confirming) /s);
  await press("p", /❚❚ arrivals paused/);
  await press("+", /the limit is 330 admissions a minute/);
  await press("c", /▲ chaos on/);
  for (const size of [
    { columns: 40, rows: 10 },
    { columns: 130, rows: 40 },
    { columns: 80, rows: 24 },
  ]) {
    terminal.resize(size);
    await terminal.shows(`a frame for ${size.columns} × ${size.rows}`, (_text, rows) => {
      const keys = rows.findLastIndex((row) => row !== "");
      const [first = ""] = rows;
      // The time stands at the right border of the first row, the keys in the last one but one.
      const fits = first.length === size.columns && keys < size.rows;
      // What was drawn for the size before may be folded for a moment, until it is drawn over.
      return fits && /q stops/.test(rows[keys] ?? "") && terminal.wrapped.length === 0;
    });
  }
  await terminal.shows("a fault", (text) => /▲ chaos on,? [1-9]/.test(text));
  await press("c", /▲ chaos off/);
  await press("-", /the limit is 297 admissions a minute/);
  terminal.press("p");
  await terminal.shows("arrivals again", (text) => !text.includes("❚❚"));
  await press("0", /\[0 overview\].*WAITING ROOM/s);
  terminal.press("q");
}

/** Whatever was done by key can be read in the record and in the report. */
async function assertRecorded(out: string): Promise<void> {
  const history = (await readFile(join(out, "history.ndjson"), "utf8")).trimEnd().split("\n");
  const lines = history.map((line) => JSON.parse(line));
  assert.is(lines.at(-1).reason, "interrupted");
  const notes = lines.filter(({ kind }) => kind === "note");
  for (const words of [
    "arrivals paused",
    "arrivals go on",
    "chaos is switched on: pause, payments",
    "chaos is switched off",
  ]) {
    assert.ok(
      notes.some(({ text }) => text.startsWith(words)),
      words,
    );
  }
  const limits = notes.flatMap(({ permitsPerMinute }) => permitsPerMinute ?? []);
  assert.equal(limits, [330, 297]);
  const faults = lines.filter(({ kind }) => kind === "fault");
  assert.ok(faults.length > 0);
  const report = JSON.parse(await readFile(join(out, "report.json"), "utf8"));
  const told = report.notes.map(({ text }: { text: string }) => text);
  for (const { text } of faults) assert.ok(told.includes(text), text);
}

test("killed outright, a demo takes its services and its data folder with it", async () => {
  const dir = await temporaryFolder();
  const before = await demoFolders();
  await reservex(["demo", ...SMALL, "--out", join(dir, "run")], FREE_PORTS, (child) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      if (/selling/.test(chunk.toString())) child.kill("SIGKILL");
    });
  });
  const gone = async () =>
    processesOf("reservex-demo-").length === 0 && (await demoFoldersSince(before)).length === 0;
  for (let look = 0; look < 100 && !(await gone()); look++) await pause(100);
  assert.equal(processesOf("reservex-demo-"), []);
  assert.equal(await demoFoldersSince(before), []);
  await removeDataFolder(dir);
});

test.run();
