/** Latencies in full: each operation from its intended and from its actual start, and its course. */
import type { LatencyLine, Snapshot } from "../../engine/snapshot.ts";
import { clean, padLeft, padRight } from "../cells.ts";
import { sparkline } from "../charts.ts";
import { type Line, span } from "../line.ts";
import { fitCount, fitMilliseconds } from "../number-format.ts";
import { section } from "./page.ts";

const WIDE = { op: 9, cells: 7 };
/** Four figures in 40 cells. */
const NARROW = { op: 8, cells: 6 };
const NARROW_BELOW = 60;
/** As many as the width carries, the least telling go first. */
const COLUMNS = ["count", "p90", "p50", "max", "p99"] as const;
type Column = (typeof COLUMNS)[number];
const ORDER: readonly Column[] = ["count", "p50", "p90", "p99", "max"];
const LEAST_CHART = 12;

export function latencyPage({ latency }: Snapshot, width: number, room: number): readonly Line[] {
  if (latency.length === 0) {
    return section("LATENCY ms", "", [[span("no answers yet", "dim")]], width);
  }
  const { op, cells } = width < NARROW_BELOW ? NARROW : WIDE;
  const most = Math.max(1, Math.floor((width - op) / (cells + 1)));
  const columns = ORDER.filter((column) => COLUMNS.slice(-most).includes(column));
  const layout: Layout = { op, cells, columns };
  const left = width - op - columns.length * (cells + 1);
  const chart = left >= LEAST_CHART + 2 ? left - 2 : 0;
  const heading: Line = [
    span(" ".repeat(op), "dim"),
    span(columns.map((name) => ` ${padLeft(name, cells)}`).join(""), "dim"),
    span(chart > 0 ? "  p99 of each second" : "", "dim"),
  ];
  // Two lines an operation where there is room for all, one where not.
  const pairs = latency.length * 2 + 2 <= room;
  const lines = latency.flatMap((line) => [
    corrected(line, layout, chart),
    ...(pairs ? [raw(line, layout)] : []),
  ]);
  const aside = pairs
    ? "from the intended start; below it from the actual"
    : "from the intended start";
  return section("LATENCY ms", aside, [heading, ...lines], width).slice(0, Math.max(0, room));
}

interface Layout {
  readonly op: number;
  readonly cells: number;
  readonly columns: readonly Column[];
}

function corrected(line: LatencyLine, { op, cells, columns }: Layout, chart: number): Line {
  const texts = columns.map((column) => {
    const value = line[column];
    const text = column === "count" ? fitCount(value, cells) : fitMilliseconds(value, cells);
    return ` ${padLeft(text, cells)}`;
  });
  const course = chart > 0 ? `  ${sparkline(line.p99History, chart)}` : "";
  return [
    span(padRight(clean(line.op), op), "strong"),
    span(texts.join("")),
    span(course, "accent"),
  ];
}

function raw({ raw }: LatencyLine, { op, cells, columns }: Layout): Line {
  const texts = columns.map((column) => {
    const text = column === "count" ? "" : fitMilliseconds(raw[column], cells);
    return ` ${padLeft(text, cells)}`;
  });
  return [span(padRight("  raw", op) + texts.join(""), "dim")];
}
