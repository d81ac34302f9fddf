/** A log tells what changed, once, in lines that need no terminal. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Snapshot } from "../engine/snapshot.ts";
import { formatLine, formatVerdicts, NOTHING_TOLD, nextLines, startPlain } from "./plain.ts";
import {
  brokenSnapshot,
  emptySnapshot,
  hugeSnapshot,
  sellingSnapshot,
} from "./snapshot-samples.ts";

test("a sale in one line", () => {
  assert.is(
    formatLine(sellingSnapshot),
    "[  12.3 s] selling  41 %  line 1 203  admitted 251 (limit 1 200/min)  stock 349/600  " +
      "confirmed 231  errors OUT_OF_STOCK 12  eta 21 s",
  );
});

test("before anything happened, nothing is claimed", () => {
  assert.is(
    formatLine(emptySnapshot),
    "[   0.0 s] starting  0 %  line 0  admitted 0 (limit 0/min)  confirmed 0",
  );
});

test("alarms are words", () => {
  const line = formatLine(hugeSnapshot);
  assert.match(line, "OVER THE LIMIT 100 001 in 60 s");
  assert.match(line, "SENDS LATE 14 ms");
  assert.match(line, "others 1 111 110");
});

test("no line carries control characters, whatever the services say", () => {
  const { lines } = nextLines(NOTHING_TOLD, hugeSnapshot, 1_000);
  for (const line of lines) assert.not.match(line, /\p{Cc}/u);
});

test("a status line comes when due, on a new phase, and with it nothing twice", () => {
  const texts = (snapshots: readonly Snapshot[]): string[][] => {
    let told = NOTHING_TOLD;
    return snapshots.map((snapshot) => {
      const next = nextLines(told, snapshot, 5_000);
      told = next.told;
      return next.lines.map((line) => line.slice(0, 19));
    });
  };
  const at = (elapsedMs: number, more: Partial<Snapshot> = {}): Snapshot => ({
    ...sellingSnapshot,
    elapsedMs,
    ...more,
  });
  const news = { news: "sold out at 7.1 s" };
  assert.equal(
    texts([
      at(0, { phase: "starting" }),
      at(1_000),
      at(5_900),
      at(6_000),
      at(7_200, news),
      at(7_400, news),
      at(8_000, { ...news, phase: "settling" }),
    ]),
    [
      ["[   0.0 s] starting"],
      ["[   1.0 s] selling "],
      [],
      ["[   6.0 s] selling "],
      ["[   7.2 s] › sold o"],
      [],
      ["[   8.0 s] settling"],
    ],
  );
});

test("the verdicts are told once, the worst first, with their evidence", () => {
  const first = nextLines(NOTHING_TOLD, brokenSnapshot, 5_000);
  assert.is(first.lines.length, 1 + 1 + 8 + 5);
  assert.match(first.lines[2] ?? "", /^✘ stock {5}broken {3}605 seats/);
  assert.match(first.lines[3] ?? "", /^ {4}› client 4711/);
  assert.match(first.lines[8] ?? "", /^\? money {5}unknown {2}the payment/);
  assert.match(first.lines[9] ?? "", /^✔ rate {6}valid/);
  assert.equal(nextLines(first.told, brokenSnapshot, 5_000).lines, []);
  assert.equal(formatVerdicts(sellingSnapshot), []);
});

test("the printer speaks at its start and its end, and never again", () => {
  const written: string[] = [];
  let pulls = 0;
  const plain = startPlain({
    getSnapshot: () => {
      pulls += 1;
      return sellingSnapshot;
    },
    write: (line) => written.push(line),
    everyMs: 60_000,
  });
  plain.stop(brokenSnapshot);
  plain.stop(brokenSnapshot);
  assert.is(pulls, 1);
  assert.is(written.length, 1 + 15);
  assert.ok(written.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1));
});

test.run();
