/** The line's length, and admissions against the limit. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { padLeft, padRight } from "../cells.ts";
import { barCells, sparkline } from "../charts.ts";
import { type Line, span } from "../line.ts";
import { formatCount } from "../number-format.ts";
import { type Panel, panel, widest } from "./panel.ts";

const LABEL_WIDTH = 9;

export function waitingRoomPanel(snapshot: Snapshot, width: number): Panel {
  const { clients, admissions, lineHistory, admissionHistory } = snapshot;
  const inLine = formatCount(clients.waiting);
  const total = formatCount(admissions.total);
  const lastMinute = formatCount(admissions.lastMinute);
  const valueWidth = Math.max(6, widest([inLine, total, lastMinute]));
  const chartWidth = Math.max(0, width - LABEL_WIDTH - valueWidth - 3);
  const row = (label: string, value: string, chart: Line, tone: "strong" | "bad" = "strong") => [
    span(padRight(label, LABEL_WIDTH), "dim"),
    span(" "),
    span(padLeft(value, valueWidth), tone),
    span("  "),
    ...chart,
  ];
  const over = isOverLimit(snapshot);
  return panel(
    0,
    "WAITING ROOM",
    [span("per second, newest right", "dim")],
    [
      row("in line", inLine, [span(sparkline(lineHistory, chartWidth), "accent")]),
      row("admitted", total, [span(sparkline(admissionHistory, chartWidth), "accent")]),
      row("last 60 s", lastMinute, limitChart(snapshot, chartWidth), over ? "bad" : "strong"),
    ],
    width,
  );
}

/** True when more passes were first seen in the last minute than the limit allows. */
export function isOverLimit({ admissions }: Snapshot): boolean {
  return admissions.lastMinute > admissions.permitsPerMinute;
}

/** The last 60 seconds as a part of what the limit allows. */
export function limitChart(snapshot: Snapshot, width: number): Line {
  const { lastMinute, permitsPerMinute } = snapshot.admissions;
  const over = isOverLimit(snapshot);
  const words = over
    ? ` ✘ over ${formatCount(permitsPerMinute)}`
    : ` of ${formatCount(permitsPerMinute)}`;
  const share = permitsPerMinute > 0 ? lastMinute / permitsPerMinute : over ? 1 : 0;
  const { filled, empty } = barCells(share, width - words.length);
  return [
    span("█".repeat(filled), over ? "bad" : "good"),
    span("░".repeat(empty), "dim"),
    span(words, over ? "bad" : "plain"),
  ];
}
