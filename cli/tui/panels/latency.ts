/** How long answers took, from the moment they were meant to be asked for. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { clean, padLeft, padRight } from "../cells.ts";
import { type Line, span } from "../line.ts";
import { formatCount, formatMilliseconds } from "../number-format.ts";
import { type Panel, panel, widest } from "./panel.ts";

const HEADINGS = ["count", "p50", "p99", "max"] as const;
const MAX_OPERATIONS = 8;

export function latencyPanel({ latency }: Snapshot, width: number): Panel {
  const shown = latency.slice(0, MAX_OPERATIONS);
  const rows = shown.map(({ count, p50, p99, max }) => [
    formatCount(count),
    formatMilliseconds(p50),
    formatMilliseconds(p99),
    formatMilliseconds(max),
  ]);
  const widths = HEADINGS.map(
    (heading, at) => 2 + Math.max(4, widest([heading, ...rows.map((row) => row[at] ?? "")])),
  );
  const tableWidth = widths.reduce((sum, cells) => sum + cells, 0);
  const columns = (texts: readonly string[]): string =>
    texts.map((text, at) => padLeft(text, widths[at] ?? 0)).join("");
  const content: Line[] = shown.map(({ op }, at) => [
    span(padRight(clean(op), Math.max(0, width - tableWidth)), "dim"),
    span(columns(rows[at] ?? [])),
  ]);
  if (shown.length === 0) content.push([span("no answers yet", "dim")]);
  // The first heading starts with blanks of its column; the rule may use them.
  const headings = shown.length === 0 ? [] : [span(columns(HEADINGS).trimStart(), "dim")];
  return panel(4, "LATENCY ms", headings, content, width);
}
