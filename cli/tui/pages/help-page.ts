/** The keys, and what each of them leaves behind in the record. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { padRight, wrap } from "../cells.ts";
import { type Line, span } from "../line.ts";
import { section } from "./page.ts";

const KEYS = [
  ["p, space", "pause the arrivals, or let them go on; paused time makes nobody late"],
  ["+, -", "admission limit up or down by a tenth; rate and liveness are then unknown at best"],
  ["c", "chaos on or off; each fault stands in the record and on the report's time line"],
  ["0 to 7, ← →", "the pages"],
  ["Esc", "back to the overview"],
  ["?, h", "this page, and back"],
  ["q, Ctrl-C", "stop: what was seen is judged; Ctrl-C once more: at once"],
] as const;
const KEY_WIDTH = 13;
const MAX_LINES = 3;

export function helpPage(snapshot: Snapshot, width: number, room: number): readonly Line[] {
  const content = KEYS.flatMap(([keys, words]) =>
    wrap(words, width - KEY_WIDTH, MAX_LINES).map(
      (line, at): Line => [span(padRight(at === 0 ? keys : "", KEY_WIDTH), "strong"), span(line)],
    ),
  );
  return section("KEYS", "", [...chaosLines(snapshot.chaos), ...content], width).slice(
    0,
    Math.max(0, room),
  );
}

function chaosLines(chaos: Snapshot["chaos"]): Line[] {
  if (chaos === undefined) return [];
  if (!chaos.possible) return [[span(`No chaos here: ${chaos.because}`, "dim")]];
  return [[span(`Chaos here: ${chaos.kinds.join(", ")}`, "dim")]];
}
