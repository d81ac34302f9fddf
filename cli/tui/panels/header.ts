/** The top of the screen: which phase, how far, how long, how long still. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { barCells } from "../charts.ts";
import { bothEnds, fitLine, type Line, type Span, span, type Tone } from "../line.ts";
import { formatDuration, formatEta, formatPercent } from "../number-format.ts";

const PHASES = ["starting", "selling", "settling", "judging", "done"] as const;
/** From this width on all phases are named, not only the present one. */
const ALL_PHASES_WIDTH = 84;

/** Two lines: name, phase and time; progress. */
export function header(snapshot: Snapshot, width: number): Line[] {
  const left = [span("ReserveX", "strong"), span("  "), ...phaseSpans(snapshot.phase, width)];
  if (snapshot.arrivalsPaused) left.push(span("  ❚❚ arrivals paused", "unsure"));
  return [bothEnds(left, timeSpans(snapshot), width), progressLine(snapshot, width)];
}

function phaseSpans(phase: Snapshot["phase"], width: number): Span[] {
  const present = span(`● ${phase}`, "accent");
  if (width < ALL_PHASES_WIDTH) return [present];
  return PHASES.flatMap((name) => [name === phase ? present : span(name, "dim"), span("  ")]);
}

function timeSpans({ phase, elapsedMs, etaSeconds }: Snapshot): Span[] {
  const elapsed = span(formatDuration(elapsedMs), "strong");
  if (phase === "done" || etaSeconds === undefined) return [elapsed];
  return [elapsed, span("  eta ", "dim"), span(formatEta(etaSeconds))];
}

function progressLine({ phase, progress, verdicts }: Snapshot, width: number): Line {
  const percent = ` ${formatPercent(progress).padStart(5)}`;
  const { filled, empty } = barCells(progress, width - percent.length);
  let tone: Tone = "accent";
  if (phase === "done" && verdicts.length > 0) {
    if (verdicts.some(({ verdict }) => verdict === "broken")) tone = "bad";
    else tone = verdicts.every(({ verdict }) => verdict === "valid") ? "good" : "unsure";
  }
  return fitLine(
    [span("█".repeat(filled), tone), span("░".repeat(empty), "dim"), span(percent, "strong")],
    width,
  );
}
