/** The bottom line: the latest news, and what the keys do. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { clean } from "../cells.ts";
import { bothEnds, type Line, span } from "../line.ts";

/** One line, or none when there is nothing to say. */
export function footer({ news }: Snapshot, hint: string, width: number): Line[] {
  if (news === undefined && hint === "") return [];
  const left = news === undefined ? [] : [span("› ", "accent"), span(clean(news), "strong")];
  const right = hint === "" ? [] : [span(hint, "dim")];
  return [bothEnds(left, right, width)];
}
