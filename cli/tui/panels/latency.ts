/** How long answers took, from the moment they were meant to be asked for. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { clean, padLeft, padRight } from "../cells.ts";
import { type Line, span } from "../line.ts";
import { fitCount, fitMilliseconds } from "../number-format.ts";
import { type Panel, panel, widest } from "./panel.ts";

const HEADINGS = ["count", "p50", "p99", "max"] as const;
const MAX_OPERATIONS = 8;
/** Of an operation's name. */
const LEAST_NAME = 7;

export function latencyPanel({ latency }: Snapshot, width: number): Panel {
  const shown = latency.slice(0, MAX_OPERATIONS);
  // The longest figure has its digits where the panel is wide enough, else a unit.
  const cells = Math.max(4, Math.floor((width - LEAST_NAME) / HEADINGS.length) - 2);
  const rows = shown.map(({ count, p50, p99, max }) => [
    fitCount(count, cells),
    fitMilliseconds(p50, cells),
    fitMilliseconds(p99, cells),
    fitMilliseconds(max, cells),
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
