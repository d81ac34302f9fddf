/** Refusals and errors in full: by kind and code, and the last ones as they came. */
import type { ErrorKind, Snapshot } from "../../engine/snapshot.ts";
import { clean, padLeft, padRight } from "../cells.ts";
import { type Line, span, type Tone } from "../line.ts";
import { fitCount, formatCount, formatDuration } from "../number-format.ts";
import { section } from "./page.ts";

const KINDS: Readonly<Record<ErrorKind, { readonly words: string; readonly tone: Tone }>> = {
  unknown: { words: "? unknown", tone: "unsure" },
  overload: { words: "! not now", tone: "unsure" },
  refused: { words: "  refused", tone: "plain" },
};

export function errorsPage(snapshot: Snapshot, width: number, room: number): readonly Line[] {
  const { errors, recentErrors } = snapshot;
  const total = errors.reduce((sum, { count }) => sum + count, 0);
  if (errors.length === 0) {
    return section("REFUSALS AND ERRORS", "", [[span("none", "dim")]], width);
  }
  // Half of the room for each list, and what one does not need for the other.
  const half = Math.max(1, Math.floor((room - 2) / 2));
  const recentRows = Math.min(recentErrors.length, Math.max(half, room - 2 - errors.length));
  const codeRows = Math.max(1, room - (recentRows > 0 ? recentRows + 1 : 0) - 1);
  const codes = errors.length > codeRows ? errors.slice(0, Math.max(0, codeRows - 1)) : errors;
  const content: Line[] = codes.map(({ kind, code, count }) => [
    span(padLeft(fitCount(count, 9), 9), "strong"),
    span("  "),
    span(padRight(KINDS[kind].words, 10), KINDS[kind].tone),
    span(clean(code)),
  ]);
  const others = errors.slice(codes.length);
  if (others.length > 0) {
    const count = others.reduce((sum, other) => sum + other.count, 0);
    content.push([
      span(`${padLeft(fitCount(count, 9), 9)}  of ${others.length} other codes`, "dim"),
    ]);
  }
  const latest = recentErrors.slice(-recentRows).toReversed().map(recentLine);
  return [
    ...section("REFUSALS AND ERRORS", formatCount(total), content, width),
    ...(recentRows > 0 ? section("THE LAST", "newest first", latest, width) : []),
  ].slice(0, Math.max(0, room));
}

function recentLine({ atMs, client, op, code }: Snapshot["recentErrors"][number]): Line {
  return [
    span(padLeft(formatDuration(atMs), 9), "dim"),
    span("  "),
    span(padRight(clean(op), 8)),
    span(clean(code)),
    span(`  client ${client}`, "dim"),
  ];
}
