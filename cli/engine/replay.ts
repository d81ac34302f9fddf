/** Reads the arrivals of a crowd that was seen somewhere, to send another one in its steps; pure. */

/** Over a day is no flash sale, and more likely another unit. */
const MAX_OFFSET_MS = 86_400_000;
/** Names that a column or a field with the offset may have. */
const NAMES = ["offsetMs", "offset_ms", "offset", "ms"];

export type Replay =
  | { readonly ok: true; readonly offsetsMs: readonly number[] }
  /** `line` counts from 1. */
  | { readonly ok: false; readonly line: number; readonly wrong: string };

/**
 * One arrival a line, in milliseconds from any zero: a JSON object or number (NDJSON), or the first
 * column of a CSV (or the one its head calls `offsetMs`). The earliest becomes 0 and the first
 * client; the order of the lines does not matter.
 */
export function parseReplay(text: string): Replay {
  const offsets: number[] = [];
  let column = 0;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "") continue;
    const cells = line.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    if (offsets.length === 0 && index === 0 && /^["a-z_]/i.test(line)) {
      column = cells.findIndex((name) => NAMES.includes(name));
      if (column < 0) return wrong(index, `a head without a column ${NAMES[0]}`);
      continue;
    }
    const offset = line.startsWith("{") ? fieldOf(line) : numberOf(cells[column]);
    if (offset === undefined) return wrong(index, "no offset in milliseconds");
    offsets.push(offset);
  }
  if (offsets.length === 0) return wrong(0, "no arrival");
  offsets.sort((a, b) => a - b);
  const first = offsets[0]!;
  if (offsets.at(-1)! - first > MAX_OFFSET_MS) {
    return wrong(0, "its arrivals are more than a day apart: offsets are in milliseconds");
  }
  return { ok: true, offsetsMs: offsets.map((offset) => offset - first) };
}

function fieldOf(line: string): number | undefined {
  try {
    const row = JSON.parse(line) as Record<string, unknown>;
    const value = NAMES.map((name) => row[name]).find((one) => one !== undefined);
    return typeof value === "number" && Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

const wrong = (index: number, said: string): Replay => ({
  ok: false,
  line: index + 1,
  wrong: said,
});
