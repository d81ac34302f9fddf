/** Every frame fits its terminal, and loses the lesser things first. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Snapshot } from "../engine/snapshot.ts";
import { cellWidth } from "./cells.ts";
import { frameText } from "./dashboard.ts";
import { composeFrame } from "./frame.ts";
import {
  brokenSnapshot,
  emptySnapshot,
  hugeSnapshot,
  sellingSnapshot,
} from "./snapshot-samples.ts";

const SNAPSHOTS = {
  empty: emptySnapshot,
  selling: sellingSnapshot,
  paused: { ...sellingSnapshot, arrivalsPaused: true },
  huge: hugeSnapshot,
  broken: brokenSnapshot,
  hugeAndBroken: { ...hugeSnapshot, verdicts: brokenSnapshot.verdicts },
};
const UNLIMITED = Number.POSITIVE_INFINITY;
const SGR = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");

function draw(snapshot: Snapshot, columns: number, rows = UNLIMITED, color = false): string {
  const hint = "q stops the run";
  return frameText(composeFrame(snapshot, { columns, rows, color, hint }), columns);
}

for (const [name, snapshot] of Object.entries(SNAPSHOTS)) {
  test(`${name}: no line is wider, no frame higher than the terminal`, () => {
    for (const columns of [1, 20, 59, 60, 79, 80, 100, 120, 150, 151, 180, 200, 240]) {
      for (const rows of [3, 10, 23, 39, UNLIMITED]) {
        const lines = draw(snapshot, columns, rows, true).split("\n");
        assert.ok(lines.length <= rows, `${columns} × ${rows}: ${lines.length} lines`);
        for (const line of lines) {
          const bare = line.replaceAll(SGR, "");
          assert.ok(cellWidth(bare) <= columns, `${columns} × ${rows}: ${bare}`);
          assert.not.match(bare, /\p{Cc}/u);
        }
      }
    }
  });

  test(`${name}: says the same without colour`, () => {
    for (const columns of [60, 120, 200]) {
      const colored = draw(snapshot, columns, 39, true);
      assert.is(colored.replaceAll(SGR, ""), draw(snapshot, columns, 39, false));
    }
  });
}

test("the frame at 60 columns", () => {
  assert.equal(draw(sellingSnapshot, 60, 30).split("\n").slice(0, 9), [
    "ReserveX  ● selling                         12.3 s  eta 21 s",
    "██████████████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  41 %",
    "WAITING ROOM ────────────────────── per second, newest right",
    "in line    1 203  ▁▄▇█",
    "admitted     251  ▁███",
    "last 60 s    251  ███████░░░░░░░░░░░░░░░░░░░░░░░░░░ of 1 200",
    "STOCK ─────────────────────────────────────── █ taken ░ left",
    "Standing  █████████████░░░░░░░░░░░░░░░░░░░░░ 249 of 400 left",
    "Front row █████████████████░░░░░░░░░░░░░░░░░ 100 of 200 left",
  ]);
});

test("whoever looks sees that the arrivals are paused", () => {
  const paused = { ...sellingSnapshot, arrivalsPaused: true };
  assert.match(draw(paused, 80), "❚❚ arrivals paused");
  assert.not.match(draw(sellingSnapshot, 80), "arrivals paused");
});

test("one column when narrow, two when wide, three when very wide", () => {
  const side = (columns: number) =>
    composeFrame(sellingSnapshot, { columns, rows: 60, color: false, hint: "" }).columns.length;
  assert.equal([60, 79, 80, 150, 151, 200].map(side), [1, 1, 2, 2, 3, 3]);
});

test("with room to spare every panel is there; a short terminal keeps the important ones", () => {
  const titles = (rows: number): string[] =>
    draw(sellingSnapshot, 60, rows).match(/^[A-Z]{2,}[A-Z ms]*(?= ─)/gm) ?? [];
  assert.equal(titles(UNLIMITED), [
    "WAITING ROOM",
    "STOCK",
    "CLIENTS",
    "BOOKINGS",
    "LATENCY ms",
    "REFUSALS AND ERRORS",
    "TESTER",
  ]);
  assert.equal(titles(16), ["WAITING ROOM", "STOCK", "CLIENTS"]);
  assert.equal(titles(8), ["WAITING ROOM"]);
  assert.equal(titles(3), []);
});

test("a tester that is late is not what a short terminal drops", () => {
  const late = { sendLagMs: { p50: 1, p99: 10.1, max: 30 } };
  const tester = { ...sellingSnapshot.tester, ...late };
  const text = draw({ ...sellingSnapshot, tester }, 60, 17);
  assert.match(text, "! sends late: tester is the bottleneck");
  assert.not.match(draw(sellingSnapshot, 60), "! sends late");
});

test("admissions are alarming only over the limit", () => {
  const at = (lastMinute: number): string => {
    const admissions = { total: 1_300, lastMinute, permitsPerMinute: 1_200 };
    return draw({ ...sellingSnapshot, admissions }, 80, UNLIMITED, true);
  };
  assert.not.match(at(1_200), "\u001b[31m");
  assert.match(at(1_201), "✘ over 1 200");
  assert.match(at(1_201), "\u001b[31m");
});

test("stock that does not add up is named", () => {
  const stock = [{ id: 1, name: "Standing", totalStock: 400, availableStock: 249, held: 150 }];
  assert.match(draw({ ...sellingSnapshot, stock }, 80), "✘ 1 taken, in no booking");
  assert.match(draw(hugeSnapshot, 80), "✘ oversold by 3");
});

test("a broken promise stands first, with all its witnesses", () => {
  const lines = draw(brokenSnapshot, 120).split("\n");
  const title = lines.findIndex((line) => line.startsWith("PROMISES"));
  assert.match(lines[title] ?? "", "✘ 1 broken ? 1 unknown ✔ 6 valid");
  assert.match(lines[title + 1] ?? "", "✘ stock     broken   605 seats were sold of 600");
  const text = lines.join("\n");
  for (const client of ["4711", "4712", "4713", "4714", "4715"]) assert.match(text, client);
  assert.ok(text.indexOf("? money") < text.indexOf("✔ rate"));
});

test("on a short terminal every promise keeps its line", () => {
  const text = draw(brokenSnapshot, 60, 12);
  for (const { promise } of brokenSnapshot.verdicts) {
    assert.match(text, new RegExp(`^[✔✘?] ${promise} `, "m"));
  }
});

test.run();
