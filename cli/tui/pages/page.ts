/** What a page is: lines about one subject, made for the width and the height that there is. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { padLeft, padRight } from "../cells.ts";
import { barCells, columnChart } from "../charts.ts";
import { type Line, type Span, span, type Tone } from "../line.ts";
import { fitCount } from "../number-format.ts";
import { panel, widest } from "../panels/panel.ts";

/** At most `room` lines, the important ones first; none wider than `width` once they are fitted. */
export type Page = (snapshot: Snapshot, width: number, room: number) => readonly Line[];

/** A title with a rule above some lines; `aside` at its right end. */
export function section(
  title: string,
  aside: string,
  content: readonly Line[],
  width: number,
): readonly Line[] {
  return panel(0, title, aside === "" ? [] : [span(aside, "dim")], content, width).lines;
}

export interface BarRow {
  readonly label: string;
  readonly count: number;
  readonly tone?: Tone;
}

/** Rows of a name, a count and a bar; the longest bar is the highest count. */
export function barRows(rows: readonly BarRow[], width: number): Line[] {
  const labelWidth = Math.min(widest(rows.map(({ label }) => label)), Math.floor(width / 2));
  const countWidth = widest(rows.map(({ count }) => fitCount(count, 9)));
  const highest = Math.max(1, ...rows.map(({ count }) => count));
  const room = width - labelWidth - countWidth - 3;
  return rows.map(({ label, count, tone = "accent" }): Line => {
    const { filled } = barCells(count / highest, room);
    return [
      span(padRight(label, labelWidth), "dim"),
      span(" "),
      span(padLeft(fitCount(count, 9), countWidth), count > 0 ? "strong" : "dim"),
      span("  "),
      span("█".repeat(filled), tone),
    ];
  });
}

const SCALE_WIDTH = 7;
/** Higher than this a chart says no more. */
const MOST_ROWS = 12;

/** Columns over `rows` lines, with the highest value and 0 at the left. */
export function chartLines(values: readonly number[], width: number, rows: number): Line[] {
  const height = Math.min(MOST_ROWS, rows);
  if (height < 1) return [];
  const chartWidth = Math.max(0, width - SCALE_WIDTH - 1);
  const highest = values.slice(-chartWidth).reduce((high, value) => Math.max(high, value || 0), 0);
  return columnChart(values, chartWidth, height).map((columns, at): Line => {
    const mark = at === 0 ? fitCount(highest, SCALE_WIDTH) : at === height - 1 ? "0" : "";
    return [span(padLeft(mark, SCALE_WIDTH), "dim"), span(" "), span(columns, "accent")];
  });
}

/** "name value" pairs in one flowing paragraph of lines, none broken in the middle. */
export function facts(
  pairs: readonly (readonly [name: string, value: string, tone?: Tone])[],
  width: number,
): Line[] {
  const lines: Span[][] = [[]];
  let used = 0;
  for (const [name, value, tone = "plain"] of pairs) {
    const cells = widest([`${name} ${value}`]);
    const gap = used === 0 ? 0 : 3;
    if (used > 0 && used + gap + cells > width) {
      lines.push([]);
      used = 0;
    }
    const line = lines.at(-1)!;
    if (used > 0) line.push(span("   "));
    line.push(span(`${name} `, "dim"), span(value, tone));
    used += (used > 0 ? 3 : 0) + cells;
  }
  return lines;
}
