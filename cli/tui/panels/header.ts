/** The top of the screen: which phase, how far, how long, how long still. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { barCells } from "../charts.ts";
import { bothEnds, fitLine, type Line, lineWidth, type Span, span, type Tone } from "../line.ts";
import { fitCount, formatDuration, formatEta, formatPercent } from "../number-format.ts";

const PHASES = ["starting", "selling", "settling", "judging", "done"] as const;
/** Two lines: name, phase, what people changed, and time; progress. */
export function header(snapshot: Snapshot, width: number): Line[] {
  const time = timeSpans(snapshot);
  const room = width - lineWidth(time) - 2;
  const left = headings(snapshot).find((line) => lineWidth(line) <= room);
  return [bothEnds(left ?? [], time, width), progressLine(snapshot, width)];
}

/** From the most telling to the shortest. */
function headings(snapshot: Snapshot): Line[] {
  const name = [span("ReserveX", "strong"), span("  ")];
  const present = [span(`● ${snapshot.phase}`, "accent")];
  const phases = PHASES.flatMap((phase) =>
    phase === snapshot.phase ? [...present, span("  ")] : [span(phase, "dim"), span("  ")],
  );
  const long = marks(snapshot, true);
  const short = marks(snapshot, false);
  return [
    [...name, ...phases, ...long],
    [...name, ...present, ...long],
    [...name, ...present, ...short],
    [...present, ...short],
    present,
  ];
}

/** What people did to the run: arrivals held back, chaos let loose. */
function marks({ arrivalsPaused, chaos }: Snapshot, long: boolean): Span[] {
  const spans: Span[] = [];
  if (arrivalsPaused) spans.push(span(`  ❚❚ ${long ? "arrivals " : ""}paused`, "unsure"));
  if (chaos?.possible && (chaos.on || chaos.faults > 0)) {
    const faults = fitCount(chaos.faults, 5);
    const words = long ? `, ${faults} ${chaos.faults === 1 ? "fault" : "faults"}` : ` ${faults}`;
    spans.push(span(`  ▲ chaos ${chaos.on ? "on" : "off"}${words}`, "unsure"));
  }
  return spans;
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
