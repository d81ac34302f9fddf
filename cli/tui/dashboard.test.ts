/** The dashboard is a guest: it draws, hears keys, and leaves the terminal as it found it. */
import { EventEmitter, once } from "node:events";
import { Readable, Writable } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Snapshot } from "../engine/snapshot.ts";
import { type Dashboard, nextFrame, startDashboard, type Wish } from "./dashboard.ts";
import { brokenSnapshot, sellingSnapshot } from "./snapshot-samples.ts";

const ESC = String.fromCharCode(27);

class Terminal extends Writable {
  readonly isTTY = true;
  columns = 100;
  rows = 40;
  written = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString();
    this.emit("written");
    done();
  }
  /** Resolves once the text has been written since the last resize, be it now or long ago. */
  async shows(text: string): Promise<void> {
    while (!this.written.includes(text)) await once(this, "written", soon());
  }
  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.written = "";
    this.emit("resize");
  }
}

class Keyboard extends Readable {
  readonly isTTY = true;
  raw = false;
  override _read(): void {}
  setRawMode(raw: boolean): this {
    this.raw = raw;
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  /** Presses keys and lets the streams hand them on. */
  async press(characters: string): Promise<void> {
    this.push(characters);
    await turns();
  }
}

/** What has not come by then never comes: a promise that fails with its own name. */
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

/** Some turns of the event loop: effects and streams work in between. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

interface Stage {
  readonly terminal: Terminal;
  readonly keyboard: Keyboard;
  readonly dashboard: Dashboard;
  readonly interrupts: boolean[];
  /** Resolves once so many interrupts were told. */
  readonly interrupted: (times: number) => Promise<void>;
}

async function start(getSnapshot: () => Snapshot, columns = 100): Promise<Stage> {
  const terminal = new Terminal();
  terminal.columns = columns;
  const keyboard = new Keyboard();
  const interrupts: boolean[] = [];
  const told = new EventEmitter();
  const dashboard = startDashboard({
    getSnapshot,
    stream: terminal,
    keyboard,
    color: false,
    now: () => 0,
    onInterrupt: (force) => {
      interrupts.push(force);
      told.emit("interrupt");
    },
  });
  await turns();
  const interrupted = async (times: number) => {
    while (interrupts.length < times) await once(told, "interrupt", soon());
  };
  return { terminal, keyboard, dashboard, interrupts, interrupted };
}

test("the first frame is there at once, on the alternate screen, cursor hidden", async () => {
  const { terminal, dashboard } = await start(() => sellingSnapshot);
  assert.match(terminal.written, `${ESC}[?1049h`);
  assert.match(terminal.written, `${ESC}[?25l`);
  assert.match(terminal.written, "● selling");
  assert.match(terminal.written, "q stops");
  dashboard.stop();
});

test("stopping restores screen, cursor and keyboard, and leaves the final frame", async () => {
  const { terminal, keyboard, dashboard } = await start(() => sellingSnapshot);
  assert.is(keyboard.raw, true);
  terminal.written = "";
  dashboard.stop(brokenSnapshot);
  const left = terminal.written.lastIndexOf(`${ESC}[?1049l`);
  assert.ok(left >= 0);
  const after = terminal.written.slice(left);
  assert.match(after, `${ESC}[?25h`);
  assert.match(after, "✘ stock     broken");
  assert.match(after, "4715", "all evidence, whatever the height");
  assert.not.match(after, "q stops");
  assert.ok(after.endsWith("\n"));
  await turns();
  assert.is(keyboard.raw, false);
  assert.is(terminal.listenerCount("resize"), 0);
  assert.is(keyboard.listenerCount("readable"), 0);
});

test("after stopping nothing is written or pulled any more", async () => {
  let pulls = 0;
  const { terminal, dashboard } = await start(() => {
    pulls += 1;
    return sellingSnapshot;
  });
  dashboard.stop(brokenSnapshot);
  const { length } = terminal.written;
  const before = pulls;
  dashboard.stop(brokenSnapshot);
  terminal.emit("resize");
  await turns();
  assert.is(terminal.written.length, length);
  assert.is(pulls, before);
});

test("q interrupts once, and only Ctrl-C after it forces", async () => {
  const { terminal, keyboard, dashboard, interrupts, interrupted } = await start(
    () => sellingSnapshot,
  );
  await keyboard.press("x");
  await keyboard.press(`${ESC}[A`);
  assert.equal(interrupts, []);
  await keyboard.press("q");
  await interrupted(1);
  await keyboard.press("q");
  // Ink draws when its own pace allows it: perhaps before this line, perhaps after.
  await terminal.shows("stopping · Ctrl-C again: at once");
  assert.equal(interrupts, [false]);
  await keyboard.press("\u0003");
  await interrupted(2);
  await keyboard.press("\u0003");
  assert.equal(interrupts, [false, true]);
  dashboard.stop();
});

test("keys that change the run are wishes while it sells, and none once it was told to stop", async () => {
  const terminal = new Terminal();
  const keyboard = new Keyboard();
  const told = new EventEmitter();
  const wishes: Wish[] = [];
  const interrupted = once(told, "interrupt", soon());
  const dashboard = startDashboard({
    getSnapshot: () => ({ ...sellingSnapshot, arrivalsPaused: false }),
    stream: terminal,
    keyboard,
    color: false,
    now: () => 0,
    onInterrupt: () => told.emit("interrupt"),
    onWish: (wish) => wishes.push(wish),
  });
  await terminal.shows("p pause · +/− limit · c chaos · 0-7 ←→ pages · ? help · q stops");
  for (const key of ["p", "+", "=", "-", " ", "x", "c"]) await keyboard.press(key);
  await keyboard.press("q");
  await interrupted;
  await keyboard.press("p");
  assert.equal(wishes, ["pause", "faster", "faster", "slower", "pause", "chaos"]);
  dashboard.stop();
});

test("digits and arrows turn pages, a question mark tells the keys, Escape leads back", async () => {
  const { terminal, keyboard, dashboard } = await start(() => sellingSnapshot);
  const pages = [
    ["3", "STOCK ─"],
    [`${ESC}[C`, "SAGAS UNDER WAY"],
    [`${ESC}[D`, "STOCK ─"],
    ["?", "KEYS ─"],
    ["?", "STOCK ─"],
    [ESC, "WAITING ROOM"],
    [`${ESC}[D`, "TESTER'S HEALTH"],
  ] as const;
  for (const [key, title] of pages) {
    terminal.written = "";
    await keyboard.press(key);
    await terminal.shows(title);
  }
  dashboard.stop();
});

test("Ctrl-C twice is a stop and a forced stop", async () => {
  const { keyboard, dashboard, interrupts, interrupted } = await start(() => sellingSnapshot);
  await keyboard.press("\u0003\u0003");
  await interrupted(2);
  assert.equal(interrupts, [false, true]);
  dashboard.stop();
});

test("an interrupt may stop the dashboard then and there", async () => {
  const terminal = new Terminal();
  const keyboard = new Keyboard();
  const dashboard: Dashboard = startDashboard({
    getSnapshot: () => sellingSnapshot,
    stream: terminal,
    keyboard,
    color: false,
    now: () => 0,
    onInterrupt: () => dashboard.stop(brokenSnapshot),
  });
  await turns();
  await keyboard.press("q");
  await terminal.shows("✘ stock     broken");
  assert.is(keyboard.raw, false);
});

test("a new size is drawn at once and in full", async () => {
  const { terminal, dashboard } = await start(() => sellingSnapshot, 120);
  terminal.resize(60, 30);
  assert.match(terminal.written, "● selling");
  // What the terminal made of the frame before, nobody counts: nothing of it may stay.
  const [before = "", after = ""] = terminal.written.split(`${ESC}[2J${ESC}[H`);
  assert.not.match(before, "ReserveX");
  assert.match(after, "ReserveX");
  const controls = new RegExp(`${ESC}\\[[?\\d]*[A-Za-z]`, "g");
  const lines = terminal.written.replaceAll(controls, "").split("\n");
  for (const line of lines) assert.ok(line.length <= 60, line);
  const frames = lines.filter((line) => line.startsWith("ReserveX"));
  assert.ok(frames.length > 0 && frames.every((line) => line.length === 60), frames.join("\n"));
  dashboard.stop();
});

test("without a keyboard it draws all the same, and promises no keys", () => {
  const terminal = new Terminal();
  const dashboard = startDashboard({
    getSnapshot: () => sellingSnapshot,
    stream: terminal,
    color: false,
    now: () => 0,
    onInterrupt: () => assert.unreachable("nobody can press a key"),
  });
  assert.match(terminal.written, "● selling");
  assert.not.match(terminal.written, "q stops");
  dashboard.stop();
});

test("frames keep to a tenth of a second; slow ones come seldom, missed ones never", () => {
  assert.is(nextFrame(1_000, 1_001, 1_004, 3), 1_100, "a timer that rang late does not add up");
  assert.is(nextFrame(1_000, 1_000, 1_040, 40), 1_400, "forty milliseconds: a tenth of a core");
  assert.is(nextFrame(1_000, 1_000, 1_300, 300), 2_000, "once a second in any case");
  assert.is(nextFrame(1_000, 1_000, 1_040, 4), 1_100, "others had the processor meanwhile");
  assert.is(
    nextFrame(1_000, 5_000, 5_003, 3),
    5_030,
    "four seconds were missed: they are not made up",
  );
});

test.run();
