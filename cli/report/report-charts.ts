/** The charts of a report: line, admissions against the limit, stock, bookings. */
import { type Chart, type Line, renderChart } from "./chart.ts";
import type { Report } from "./report.ts";
import { cumulated } from "./series.ts";

const RUN_CLOCK = "seconds since the run began";

/** Four figures as one piece of HTML. */
export function renderCharts(report: Report): string {
  const marks = report.notes.map((note) => ({ x: note.atMs / 1000, text: note.text }));
  const charts: Chart[] = [
    { ...lineChart(report), marks },
    admissionsChart(report),
    { ...stockChart(report), marks },
    { ...bookingsChart(report), marks },
  ];
  return charts.map(renderChart).join("\n");
}

function points(values: readonly number[], stepSeconds: number): [number, number][] {
  return values.map((value, index) => [index * stepSeconds, value]);
}

function lineChart({ line }: Report): Chart {
  const longest = line.values.reduce((most, value) => Math.max(most, value), 0);
  const at = line.values.indexOf(longest) * line.stepSeconds;
  return {
    id: "line",
    title: "Clients in line",
    summary: `At most ${longest.toLocaleString("en-US")} in line, at ${at} s.`,
    xLabel: RUN_CLOCK,
    lines: [
      { label: "in line", tone: "main", area: true, points: points(line.values, line.stepSeconds) },
    ],
  };
}

function admissionsChart({ admissions }: Report): Chart {
  const { perStep, permitsPerMinute, pacing, total, mostInAnyMinute } = admissions;
  const id = "admissions";
  const title = "Admissions, cumulative, against the limit";
  const xLabel = "seconds since the first admission, by the queue's clock";
  const summary =
    `${total.toLocaleString("en-US")} admitted; at most ${mostInAnyMinute} in any 60 s, ` +
    `${permitsPerMinute} allowed.`;
  if (total === 0) return { id, title, summary, xLabel, lines: [] };
  // The count at the end of each step stands at the step's end.
  const admitted = points(cumulated([0, ...perStep.values]), perStep.stepSeconds);
  const lastSecond = admitted.at(-1)?.[0] ?? 0;
  const limit: Line = {
    label: pacing === "burst" ? "the limit, minute by minute" : "the pace of the limit",
    tone: "limit",
    points:
      pacing === "burst"
        ? stairs(permitsPerMinute, lastSecond)
        : pace(permitsPerMinute, lastSecond),
  };
  return {
    ...{ id, title, summary, xLabel },
    lines: [{ label: "admitted", tone: "main", area: true, points: admitted }, limit],
  };
}

/** Smooth pacing opens permits evenly; the first one is open at once. */
function pace(permitsPerMinute: number, lastSecond: number): [number, number][] {
  return [
    [0, 1],
    [lastSecond, 1 + (permitsPerMinute * lastSecond) / 60],
  ];
}

/** Burst pacing may spend each minute's permits at its beginning. */
function stairs(permitsPerMinute: number, lastSecond: number): [number, number][] {
  const corners: [number, number][] = [];
  for (let minute = 0; minute * 60 <= lastSecond; minute++) {
    const allowed = permitsPerMinute * (minute + 1);
    corners.push([minute * 60, allowed], [Math.min(lastSecond, minute * 60 + 60), allowed]);
  }
  return corners;
}

function stockChart({ stock, durationMs }: Report): Chart {
  const available: [number, number][] = [];
  const held: [number, number][] = [];
  const add = (x: number, products: Report["stock"]["samples"][number]["products"]) => {
    available.push([x, products.reduce((sum, one) => sum + one.availableStock, 0)]);
    held.push([x, products.reduce((sum, one) => sum + one.held, 0)]);
  };
  for (const sample of stock.samples) add(sample.atMs / 1000, sample.products);
  if (stock.end && stock.end.length > 0) add(durationMs / 1000, stock.end);
  const left = (available.at(-1)?.[1] ?? 0).toLocaleString("en-US");
  const sold = (held.at(-1)?.[1] ?? 0).toLocaleString("en-US");
  return {
    id: "stock",
    title: "Stock, all products",
    summary: `At the end ${left} available and ${sold} held.`,
    xLabel: RUN_CLOCK,
    lines: [
      { label: "available", tone: "good", points: available },
      { label: "held by reservations", tone: "main", area: true, points: held },
    ],
  };
}

function bookingsChart({ bookings }: Report): Chart {
  const last = (values: readonly number[]) => (values.at(-1) ?? 0).toLocaleString("en-US");
  const { accepted, confirmed, cancelled, stepSeconds } = bookings;
  return {
    id: "bookings",
    title: "Bookings as clients saw them, cumulative",
    summary:
      `${last(accepted)} accepted, ${last(confirmed)} seen confirmed, ` +
      `${last(cancelled)} seen cancelled.`,
    xLabel: RUN_CLOCK,
    lines: [
      { label: "accepted", tone: "main", points: points(accepted, stepSeconds) },
      { label: "confirmed", tone: "good", points: points(confirmed, stepSeconds) },
      { label: "cancelled", tone: "warn", points: points(cancelled, stepSeconds) },
    ],
  };
}
