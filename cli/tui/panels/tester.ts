/** Whether the tester itself keeps up; a run it cannot drive is invalid, not slow. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { type Line, span } from "../line.ts";
import { formatCount, formatMilliseconds } from "../number-format.ts";
import { type Figure, grid, type Panel, panel } from "./panel.ts";

/** Requests sent later than this (p99, milliseconds) blame the tester, not the target. */
export const MAX_SEND_LAG_MS = 10;

export function testerPanel({ tester }: Snapshot, width: number): Panel {
  const late = tester.sendLagMs.p99 > MAX_SEND_LAG_MS;
  const dropped = tester.droppedArrivals > 0;
  const figures: Figure[] = [
    {
      label: "send lag",
      value: `${formatMilliseconds(tester.sendLagMs.p99)} ms`,
      tone: late ? "unsure" : "plain",
    },
    { label: "loop lag", value: `${formatMilliseconds(tester.eventLoopLagMs.p99)} ms` },
    { label: "requests/s", value: formatCount(tester.requestsPerSecond) },
    { label: "in flight", value: formatCount(tester.inFlight) },
    { label: "memory", value: `${formatCount(tester.rssMb)} MB` },
    {
      label: "dropped",
      value: formatCount(tester.droppedArrivals),
      tone: dropped ? "unsure" : "plain",
    },
  ];
  const warnings = testerWarnings(tester);
  // A warning must not be what a short terminal drops first.
  const rank = warnings.length > 0 ? 1 : 6;
  return panel(
    rank,
    "TESTER",
    [span("lags: p99", "dim")],
    [...warnings, ...grid(figures, width)],
    width,
  );
}

/** What makes a run invalid, as far as it shows already. */
export function testerWarnings({ sendLagMs, droppedArrivals }: Snapshot["tester"]): Line[] {
  const warnings: Line[] = [];
  if (sendLagMs.p99 > MAX_SEND_LAG_MS) {
    warnings.push([span("! sends late: tester is the bottleneck", "unsure")]);
  }
  if (droppedArrivals > 0) {
    warnings.push([span("! arrivals dropped: not all could start", "unsure")]);
  }
  return warnings;
}
