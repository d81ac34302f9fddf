/** What a panel is: a title and the lines below it, made for a given width. */
import { cellWidth, padLeft, padRight } from "../cells.ts";
import { bothEnds, fitLine, type Line, type Span, span, type Tone } from "../line.ts";

export interface Panel {
  /** Title and content, each at most as wide as asked for. */
  readonly lines: readonly Line[];
  /** The most important is 0; when the terminal is short the highest numbers go first. */
  readonly rank: number;
}

/** Puts a title with a rule above the content; `aside` stands at the rule's right end. */
export function panel(
  rank: number,
  title: string,
  aside: Line,
  content: readonly Line[],
  width: number,
): Panel {
  const heading = bothEnds(
    [span(title, "strong"), span(" ")],
    aside.length === 0 ? [] : [span(" "), ...aside],
    width,
    span("─", "dim"),
  );
  return { rank, lines: [heading, ...content.map((line) => fitLine(line, width))] };
}

/** A named number in a grid. */
export interface Figure {
  /** A sign in front of the name, for example the one that stands for it in a bar above. */
  readonly sign?: Span;
  readonly label: string;
  readonly value: string;
  readonly tone?: Tone;
}

/** Blanks between the columns of a grid: at least, by the number of columns, and at most. */
const LEAST_GAP = [0, 0, 1, 2] as const;
const MOST_GAP = 3;

/** Figures side by side, as many columns as the width carries (at most 3), read downwards. */
export function grid(figures: readonly Figure[], width: number): Line[] {
  const labelWidth = widest(figures.map(({ label }) => label));
  const valueWidth = widest(figures.map(({ value }) => value));
  const signWidth = figures.some(({ sign }) => sign !== undefined) ? 2 : 0;
  const cell = signWidth + labelWidth + 1 + valueWidth;
  const fits = (count: 2 | 3): boolean => cell * count + LEAST_GAP[count] * (count - 1) <= width;
  const columns = fits(3) ? 3 : fits(2) ? 2 : 1;
  const gap = Math.min(MOST_GAP, Math.floor((width - cell * columns) / Math.max(1, columns - 1)));
  const rows = Math.ceil(figures.length / columns);
  return Array.from({ length: rows }, (_row, row) => {
    const line: Span[] = [];
    for (let column = 0; column < columns; column++) {
      const figure = figures[column * rows + row];
      if (figure === undefined) continue;
      if (column > 0) line.push(span(" ".repeat(gap)));
      if (signWidth > 0) line.push(figure.sign ?? span(" "), span(" "));
      line.push(span(padRight(figure.label, labelWidth), "dim"), span(" "));
      line.push(span(padLeft(figure.value, valueWidth), figure.tone ?? "plain"));
    }
    return line;
  });
}

/** Cells of the widest of some texts. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, cellWidth(text)), 0);
}
