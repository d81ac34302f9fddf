/** Results as an aligned plain-text table, each with what it was measured with. */
import type { Result } from "./benchmark.ts";

const HEAD = ["", "ratio", "goal", "holds", "A", "B", "unit", "spread"];

/** Lines end with "\n". */
export function renderResults(results: readonly Result[]): string {
  const rows = [HEAD, ...results.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  const details = results.map(({ name, settings, notes }) =>
    [`\n${name}`, ...listed(settings), ...listed(notes)].join("\n"),
  );
  return `${[...lines, ...details].join("\n")}\n`;
}

function cells(result: Result): string[] {
  const { name, ratio, goal, goalIs, holds, a, b, unit, spread, noisy } = result;
  const sign = goalIs === "atLeast" ? "≥" : "≤";
  return [
    name,
    short(ratio),
    goal === null ? "–" : `${sign} ${goal}`,
    `${holds === null ? "–" : holds ? "yes" : "NO"}${noisy ? " (noisy)" : ""}`,
    short(a),
    short(b),
    unit,
    `${short(spread.min)} to ${short(spread.max)}`,
  ];
}

function listed(values: Readonly<Record<string, number | string>>): string[] {
  return Object.entries(values).map(
    ([name, value]) => `  ${name}: ${typeof value === "number" ? short(value) : value}`,
  );
}

/** Three digits that count; whole above 100. */
function short(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
