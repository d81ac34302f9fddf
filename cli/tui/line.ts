/** A line of the screen as spans of text with a meaning each, which becomes a colour at the end. */
import { cellWidth, truncate } from "./cells.ts";

/**
 * What a text means, never how it looks. good: kept promises and progress. bad: broken, over a
 * limit. unsure: unknown, unheard, a warning. Each also shows in the words or signs themselves.
 */
export type Tone = "plain" | "strong" | "dim" | "accent" | "good" | "bad" | "unsure";

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

export type Line = readonly Span[];

/** Select Graphic Rendition codes, on and off. Written here rather than by chalk: Ink's chalk looks
 * at stdout to decide about colour, and this screen is drawn on stderr. */
const CODES: Readonly<Record<Exclude<Tone, "plain">, readonly [on: string, off: string]>> = {
  strong: ["\u001b[1m", "\u001b[22m"],
  dim: ["\u001b[2m", "\u001b[22m"],
  accent: ["\u001b[36m", "\u001b[39m"],
  good: ["\u001b[32m", "\u001b[39m"],
  bad: ["\u001b[31m", "\u001b[39m"],
  unsure: ["\u001b[33m", "\u001b[39m"],
};

/** One span; `text` must be clean (see cells.ts) when it came from outside. */
export function span(text: string, tone: Tone = "plain"): Span {
  return { text, tone };
}

/** Cells that a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + cellWidth(text), 0);
}

/** The line, cut with "…" when it is wider than `width` cells. */
export function fitLine(line: Line, width: number): Line {
  const fitting: Span[] = [];
  let left = width;
  for (const { text, tone } of line) {
    const cells = cellWidth(text);
    if (cells > left) {
      fitting.push(span(truncate(text, left), tone));
      return fitting;
    }
    fitting.push(span(text, tone));
    left -= cells;
  }
  return fitting;
}

/** `left` at the left end and `right` at the right one; `right` is left out if they would touch. */
export function bothEnds(left: Line, right: Line, width: number, filler = span(" ")): Line {
  const gap = width - lineWidth(left) - lineWidth(right);
  if (lineWidth(right) === 0 || gap < 2) {
    const alone = fitLine(left, width);
    const rest = width - lineWidth(alone);
    return filler.text === " " ? alone : [...alone, span(filler.text.repeat(rest), filler.tone)];
  }
  return [...left, span(filler.text.repeat(gap), filler.tone), ...right];
}

/** The characters that a terminal gets. Without colour: the bare text. */
export function paintLine(line: Line, color: boolean): string {
  let painted = "";
  for (const { text, tone } of line) {
    if (!color || tone === "plain" || text === "") painted += text;
    else painted += `${CODES[tone][0]}${text}${CODES[tone][1]}`;
  }
  return painted;
}
