/** Every page at every size: no line wider, no frame higher than the terminal, no number that is none. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Snapshot } from "../engine/snapshot.ts";
import { cellWidth } from "./cells.ts";
import { frameText } from "./dashboard.ts";
import { composeFrame, type Frame, GUTTER, type View } from "./frame.ts";
import { FIRST_SHOWN, hintFor } from "./keys.ts";
import {
  brokenSnapshot,
  emptySnapshot,
  hugeSnapshot,
  sellingSnapshot,
} from "./snapshot-samples.ts";
import { TABS } from "./tabs.ts";

const WIDTHS = [40, 60, 80, 120, 200];
const PAGES = [...TABS.map((tab) => ({ tab, help: false })), { tab: "stock", help: true } as const];
const SGR = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");

function viewOf(snapshot: Snapshot, columns: number, rows: number, page: View["page"]): View {
  const hint = hintFor(snapshot, FIRST_SHOWN, true, columns);
  const reply = "no chaos: this target is not ours to disturb; reservex demo has one that is";
  return { columns, rows, color: true, hint, reply, ...(page && { page }) };
}

/** The lines as they will stand on the screen, columns side by side, without colours. */
function linesOf({ head, columns, foot }: Frame): string[] {
  const height = Math.max(0, ...columns.map(({ lines }) => lines.length));
  const middle = Array.from({ length: height }, (_, at) =>
    columns
      .map(({ width, lines }) => {
        const bare = (lines[at] ?? "").replaceAll(SGR, "");
        return bare + " ".repeat(Math.max(0, width - cellWidth(bare)));
      })
      .join(" ".repeat(GUTTER)),
  );
  return [...head, ...middle, ...foot].map((line) => line.replaceAll(SGR, ""));
}

function assertFits(snapshot: Snapshot, columns: number, rows: number, page: View["page"]): void {
  const lines = linesOf(composeFrame(snapshot, viewOf(snapshot, columns, rows, page)));
  const where = `${page?.tab}${page?.help ? " (help)" : ""} at ${columns} × ${rows}`;
  assert.ok(lines.length <= rows, `${where}: ${lines.length} lines\n${lines.join("\n")}`);
  for (const line of lines) {
    assert.ok(cellWidth(line) <= columns, `${where}: ${cellWidth(line)} cells: ${line}`);
    assert.not.match(line, /NaN|undefined|Infinity|\[object|\p{Cc}/u, where);
  }
}

const SAMPLES = {
  empty: emptySnapshot,
  selling: sellingSnapshot,
  huge: hugeSnapshot,
  broken: { ...brokenSnapshot, phase: "selling" } as const,
};

for (const [name, snapshot] of Object.entries(SAMPLES)) {
  test(`${name}: every page fits every terminal from 40 × 10 to 200 × 50`, () => {
    for (const columns of WIDTHS) {
      for (let rows = 10; rows <= 50; rows += 1) {
        for (const page of PAGES) assertFits(snapshot, columns, rows, page);
      }
    }
  });
}

const count = () => fc.oneof(fc.constantFrom(0, 1, 1e9), fc.nat({ max: 2e9 }));
const ms = () =>
  fc.oneof(fc.constantFrom(0, 3.6e6), fc.double({ min: 0, max: 3.6e6, noNaN: true }));
const name = () =>
  fc.oneof(
    fc.constantFrom(
      "東京ドーム 一階席",
      "🎫🎫🎫 🧑‍🚀",
      "ｆｕｌｌ",
      "a\u001b[2Jb",
      "é".normalize("NFD"),
      "",
    ),
    fc.string({ unit: "grapheme", maxLength: 60 }),
  );
const series = () => fc.array(count(), { maxLength: 120 });
const spread = () => fc.record({ p50: ms(), p90: ms(), p99: ms(), max: ms() });

const stockLine = () =>
  fc.record({
    ...{ id: count(), name: name(), totalStock: count(), held: count() },
    availableStock: fc.integer({ min: -1e9, max: 2e9 }),
    pending: fc.option(count(), { nil: undefined }),
  });

const wild: fc.Arbitrary<Snapshot> = fc
  .record({
    elapsedMs: ms(),
    progress: fc.double({ min: 0, max: 1, noNaN: true }),
    arrivalsPaused: fc.boolean(),
    admissions: fc.record({ total: count(), lastMinute: count(), permitsPerMinute: count() }),
    placesTold: fc.array(count(), { minLength: 7, maxLength: 7 }),
    stock: fc.array(stockLine(), { maxLength: 50 }),
    bookings: fc.record({ pending: count(), confirmed: count(), cancelled: count() }),
    latency: fc.array(
      fc
        .tuple(
          spread(),
          fc.record({ op: name(), count: count(), raw: spread(), p99History: series() }),
        )
        .map(([times, line]) => ({ ...line, ...times })),
      { maxLength: 12 },
    ),
    errors: fc.array(
      fc.record({
        kind: fc.constantFrom("refused" as const, "overload" as const, "unknown" as const),
        ...{ code: name(), count: count() },
      }),
      { maxLength: 100 },
    ),
    recentErrors: fc.array(fc.record({ atMs: ms(), client: count(), op: name(), code: name() }), {
      maxLength: 20,
    }),
    lineHistory: series(),
    admissionHistory: series(),
    news: name(),
    chaos: fc.record({
      ...{ possible: fc.constant(true as const), on: fc.boolean(), faults: count() },
      kinds: fc.constant(["pause", "payments"]),
    }),
  })
  .map((parts) => ({ ...sellingSnapshot, ...parts }));

test("whatever a run comes to, no frame leaves its terminal", () => {
  const sizes = fc.record({
    columns: fc.oneof(fc.constantFrom(...WIDTHS), fc.integer({ min: 1, max: 220 })),
    rows: fc.integer({ min: 3, max: 60 }),
    page: fc.constantFrom(undefined, ...PAGES),
  });
  fc.assert(
    fc.property(wild, sizes, (snapshot, { columns, rows, page }) =>
      assertFits(snapshot, columns, rows, page),
    ),
    { numRuns: 400 },
  );
});

test("what Ink draws is what was composed, line for line", () => {
  for (const page of PAGES) {
    for (const snapshot of [sellingSnapshot, hugeSnapshot]) {
      const frame = composeFrame(snapshot, viewOf(snapshot, 80, 23, page));
      const drawn = frameText(frame, 80).replaceAll(SGR, "").split("\n");
      assert.equal(
        drawn.map((line) => line.trimEnd()),
        linesOf(frame).map((line) => line.trimEnd()),
      );
    }
  }
});

/** Digits of a number, however its thousands are parted, in a frame of a page. */
function says(snapshot: Snapshot, tab: (typeof TABS)[number], columns: number, text: string): void {
  const view = viewOf(snapshot, columns, 24, { tab, help: false });
  assert.match(linesOf(composeFrame(snapshot, view)).join("\n"), text, `${tab} at ${columns}`);
}

test("numbers stand on their pages at every width, in full or short", () => {
  for (const columns of WIDTHS) {
    says(sellingSnapshot, "line", columns, "1 203");
    says(sellingSnapshot, "admissions", columns, "949, 79 %");
    says(sellingSnapshot, "stock", columns, "349");
    says(sellingSnapshot, "saga", columns, "CHARGING for 2.3 s");
    says(sellingSnapshot, "latency", columns, "121");
    says(sellingSnapshot, "errors", columns, "OUT_OF_STOCK");
    says(sellingSnapshot, "tester", columns, "connections");
    says(sellingSnapshot, "overview", columns, "none broken so far");
    says(hugeSnapshot, "latency", columns, "p90");
  }
  says(hugeSnapshot, "latency", 80, "12.3M");
  says(hugeSnapshot, "stock", 40, "9.0M");
  says(hugeSnapshot, "stock", 120, "9 000 000");
});

test("a promise that is broken early stands on every page", () => {
  const early: Snapshot = { ...brokenSnapshot, phase: "selling" };
  for (const { tab } of PAGES) says(early, tab, 80, "✘ stock     broken");
});

test("the overview of a sale fits 80 × 24 with every panel", () => {
  const view = viewOf(sellingSnapshot, 80, 23, { tab: "overview", help: false });
  const text = linesOf(composeFrame(sellingSnapshot, view)).join("\n");
  for (const title of [
    "WAITING ROOM",
    "CLIENTS",
    "BOOKINGS",
    "TESTER",
    "STOCK",
    "LATENCY",
    "ERRORS",
  ]) {
    assert.match(text, title);
  }
});

test("the tab in brackets is the page that is shown, with colours or without", () => {
  const bar = (columns: number, tab: (typeof TABS)[number]) =>
    linesOf(
      composeFrame(sellingSnapshot, viewOf(sellingSnapshot, columns, 24, { tab, help: false })),
    )[2];
  assert.is(
    bar(80, "stock"),
    " 0 overview 1 line 2 admissions[3 stock]4 saga 5 latency 6 errors 7 tester",
  );
  assert.is(bar(40, "tester"), " 0 1 2 3 4 5 6[7 tester]");
});

test.run();
