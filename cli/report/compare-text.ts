/** A comparison as people read it in a terminal. */
import type { ComparedRow, Comparison } from "./compare.ts";
import { escapeTerminal } from "./escape.ts";

const SIGNS = { same: "=", better: "+", worse: "✗", unknown: "?" } as const;

export function comparisonText({ rows, differences, regressions }: Comparison): string {
  const cells = rows.map((row) => [row.what, row.before, row.after, changeOf(row)]);
  const heads = ["", "before", "after", "change"];
  const widths = heads.map((head, at) =>
    Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const lineOf = (sign: string, row: readonly string[]) => {
    const [what = "", ...rest] = row;
    const values = rest.map((text, at) => text.padStart(widths[at + 1] ?? 0));
    return `${sign} ${what.padEnd(widths[0] ?? 0)}  ${values.join("  ")}`.trimEnd();
  };
  const lines = [
    lineOf(" ", heads),
    ...rows.map((row, at) => lineOf(SIGNS[row.change], cells[at] ?? [])),
    ...differences.map((text) => `! the runs were not asked the same: ${text}`),
    regressions === 0 ? "no regression" : `${regressions} regression${regressions > 1 ? "s" : ""}`,
  ];
  return lines.map(escapeTerminal).join("\n");
}

function changeOf({ change, changePercent }: ComparedRow): string {
  if (changePercent === undefined) return change;
  return `${changePercent > 0 ? "+" : ""}${changePercent.toFixed(1)} % ${change}`;
}
