/** How many terminal cells a text takes, and how it is cleaned, cut, padded and wrapped to fit. */

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** Controls, escapes, joiners, lone surrogates; and the selectors that make a sign an emoji. */
const UNPRINTABLE = /\p{C}|\p{Variation_Selector}/gu;
const ZERO_CELLS = /[\p{Mn}\p{Me}]/u;
const TWO_CELLS =
  /[\p{Emoji_Presentation}\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7FB\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6]/u;

/**
 * Text that came from outside (product names, codes, news, evidence), made safe to draw: one line,
 * no control characters, so nobody's product name moves the cursor.
 */
export function clean(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  return text.replace(/[\t\n\v\f\r\u2028\u2029]+/g, " ").replace(UNPRINTABLE, "");
}

/** Cells that a cleaned text takes. Errs upwards for rare scripts: a short line is no harm. */
export function cellWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterCells(character);
  return width;
}

function characterCells(character: string): 0 | 1 | 2 {
  const point = character.codePointAt(0) ?? 0;
  // Latin, box drawing, bars and sparklines: nearly everything that is drawn here.
  if (point < 0x300 || (point >= 0x2500 && point < 0x25a0)) return 1;
  if (point >= 0x1_0000) return 2;
  if (ZERO_CELLS.test(character)) return 0;
  return TWO_CELLS.test(character) ? 2 : 1;
}

/** The text, or its beginning and "…" when it is wider than `width` cells. */
export function truncate(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  return width < 1 ? "" : `${cut(text, width - 1)}…`;
}

/** At most `width` cells, filled up with blanks to exactly that, text to the left. */
export function padRight(text: string, width: number): string {
  const fitting = truncate(text, width);
  return fitting + " ".repeat(Math.max(0, width - cellWidth(fitting)));
}

/** At most `width` cells, filled up with blanks to exactly that, text to the right. */
export function padLeft(text: string, width: number): string {
  const fitting = truncate(text, width);
  return " ".repeat(Math.max(0, width - cellWidth(fitting))) + fitting;
}

/**
 * Breaks a text between words into lines of at most `width` cells (words longer than a line are cut
 * into pieces), at most `maxLines` of them; what does not fit is announced by "…" in the last one.
 */
export function wrap(text: string, width: number, maxLines: number): string[] {
  if (width < 1 || maxLines < 1) return [];
  const lines: string[] = [];
  let rest = text.trim();
  while (rest !== "" && lines.length < maxLines - 1 && cellWidth(rest) > width) {
    const piece = cut(rest, width);
    if (piece === "") break;
    const space = rest[piece.length] === " " ? piece.length : piece.lastIndexOf(" ");
    const end = space > 0 ? space : piece.length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  if (rest !== "") lines.push(truncate(rest, width));
  return lines;
}

/** The longest beginning that takes at most `width` cells. */
function cut(text: string, width: number): string {
  if (PRINTABLE_ASCII.test(text)) return text.slice(0, Math.max(0, width));
  let used = 0;
  let end = 0;
  for (const character of text) {
    used += characterCells(character);
    if (used > width) break;
    end += character.length;
  }
  return text.slice(0, end);
}
