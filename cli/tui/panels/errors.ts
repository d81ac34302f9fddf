/** Answers that were not a yes, and questions that were never answered. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { clean, padLeft } from "../cells.ts";
import { type Line, span } from "../line.ts";
import { formatCount } from "../number-format.ts";
import { type Panel, panel, widest } from "./panel.ts";

const MAX_CODES = 5;

export function errorsPanel({ errors }: Snapshot, width: number): Panel {
  const shown = errors.length > MAX_CODES ? errors.slice(0, MAX_CODES - 1) : errors;
  const others = errors.slice(shown.length);
  const total = errors.reduce((sum, { count }) => sum + count, 0);
  const countWidth = widest(shown.map(({ count }) => formatCount(count)));
  const content: Line[] = shown.map(({ kind, code, count }) => {
    const unheard = kind === "unknown";
    return [
      span(padLeft(formatCount(count), countWidth)),
      span("  "),
      span(clean(code), unheard ? "unsure" : "plain"),
      span(unheard ? " ? unheard" : "", "unsure"),
    ];
  });
  if (others.length > 0) {
    const count = others.reduce((sum, other) => sum + other.count, 0);
    const words = `${formatCount(count)} of ${formatCount(others.length)} other codes`;
    content.push([span(words, "dim")]);
  }
  if (errors.length === 0) content.push([span("none", "dim")]);
  return panel(5, "REFUSALS AND ERRORS", [span(formatCount(total), "strong")], content, width);
}
