/** The charts of a report: line, admissions against the limit, stock, bookings, load, latency. */
import type { Chart, Line, Tone } from "./chart.ts";
import type { SpreadSeries } from "./course.ts";
import type { Report } from "./report.ts";
import { cumulated } from "./series.ts";

const RUN_CLOCK = "seconds since the run began";

/** The charts of the run's course, in the order of the page. */
export function courseCharts(report: Report): readonly Chart[] {
  const marks = marksOf(report);
  return [
    { ...lineChart(report), marks },
    windowChart(report),
    admissionsChart(report),
    { ...stockChart(report), marks },
    { ...bookingsChart(report), marks },
    { ...trafficChart(report), marks },
  ];
}

/** One chart for each kind of operation, and the tester's own lateness. */
export function latencyCharts(report: Report): readonly Chart[] {
  const marks = marksOf(report);
  const { latency, onTheWire } = report.course;
  return [
    ...latency.map((spread) => ({
      ...spreadChart(`latency-${spread.op}`, `Latency of ${spread.op}, ms`, spread),
      marks,
    })),
    {
      ...spreadChart("on-the-wire", "Intended until on the wire, ms", onTheWire),
      marks,
    },
  ];
}

/** Notes are told in the order of the record; so many marks can be told apart. */
const MAX_MARKS = 40;

function marksOf({ notes }: Report): readonly { x: number; text: string }[] {
  return notes.slice(0, MAX_MARKS).map((note) => ({ x: note.atMs / 1000, text: note.text }));
}

const QUEUE_CLOCK = "seconds since the first admission, by the queue's clock";

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
    clock: "run",
    lines: [
      { label: "in line", tone: "main", area: true, points: points(line.values, line.stepSeconds) },
    ],
  };
}

function admissionsChart({ admissions }: Report): Chart {
  const { perStep, permitsPerMinute, pacing, total, mostInAnyMinute } = admissions;
  const id = "admissions";
  const title = "Admissions, cumulative, against the limit";
  const summary =
    `${total.toLocaleString("en-US")} admitted; at most ${mostInAnyMinute} in any 60 s, ` +
    `${permitsPerMinute} allowed.`;
  const base = { id, title, summary, xLabel: QUEUE_CLOCK, clock: "queue" as const };
  if (total === 0) return { ...base, lines: [] };
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
    ...base,
    lines: [{ label: "admitted", tone: "main", area: true, points: admitted }, limit],
  };
}

/** Each admission ends a window of 60 s; the fullest of each step against the limit. */
function windowChart({ admissions }: Report): Chart {
  const { windowPeaks, permitsPerMinute, mostInAnyMinute, total } = admissions;
  const seen = points(windowPeaks.values, windowPeaks.stepSeconds);
  const over = mostInAnyMinute > permitsPerMinute ? "over" : "within";
  const lastSecond = seen.at(-1)?.[0] ?? 0;
  const limit: Line = {
    label: "the limit",
    tone: "limit",
    points: [
      [0, permitsPerMinute],
      [lastSecond, permitsPerMinute],
    ],
  };
  return {
    id: "window",
    title: "Admissions in the last 60 s, against the limit",
    summary: `The fullest window holds ${count(mostInAnyMinute)}, ${over} the ${count(permitsPerMinute)} allowed.`,
    xLabel: QUEUE_CLOCK,
    clock: "queue",
    lines:
      total === 0
        ? []
        : [{ label: "in the last 60 s", tone: "main", area: true, points: seen }, limit],
  };
}

function trafficChart({ course, totals }: Report): Chart {
  const { stepSeconds, sent, refused, unheard, inFlight } = course.traffic;
  const rate = (values: readonly number[]) =>
    points(
      values.map((value) => value / stepSeconds),
      stepSeconds,
    );
  const busiest = Math.max(0, ...sent) / stepSeconds;
  const { ok, fail, unknown } = totals.outcomes;
  return {
    id: "traffic",
    title: "Requests per second, and the most in flight",
    summary:
      `Up to ${count(Math.round(busiest))} a second; ${count(ok)} answered yes, ` +
      `${count(fail)} no, ${count(unknown)} never heard.`,
    xLabel: RUN_CLOCK,
    clock: "run",
    lines:
      totals.operations === 0
        ? []
        : [
            { label: "sent a second", tone: "main", area: true, points: rate(sent) },
            { label: "answered no", tone: "warn", points: rate(refused) },
            { label: "never heard", tone: "limit", points: rate(unheard) },
            { label: "most in flight", tone: "other", points: points(inFlight, stepSeconds) },
          ],
  };
}

function spreadChart(id: string, title: string, spread: SpreadSeries): Chart {
  const line = (label: string, tone: Tone, values: SpreadSeries["max"]): Line => ({
    label,
    tone,
    points: values.flatMap((value, index) =>
      value === null ? [] : [[index * spread.stepSeconds, value] as const],
    ),
  });
  const worst = spread.max.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  return {
    id,
    title,
    summary: `The slowest took ${worst.toFixed(1)} ms.`,
    xLabel: RUN_CLOCK,
    clock: "run",
    log: true,
    lines: [
      line("p50", "good", spread.p50),
      line("p99", "main", spread.p99),
      line("max", "warn", spread.max),
    ],
  };
}

function count(value: number): string {
  return value.toLocaleString("en-US");
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
    clock: "run",
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
    clock: "run",
    lines: [
      { label: "accepted", tone: "main", points: points(accepted, stepSeconds) },
      { label: "confirmed", tone: "good", points: points(confirmed, stepSeconds) },
      { label: "cancelled", tone: "warn", points: points(cancelled, stepSeconds) },
    ],
  };
}
