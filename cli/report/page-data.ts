/** What the page's script draws: the same charts as the still pictures, and the frames of the time-lapse. */
import { type Chart, LOG_FLOOR, type Point, thinned } from "./chart.ts";
import type { CrowdGroup } from "./course.ts";
import type { Report } from "./report.ts";

export interface PageData {
  readonly durationSeconds: number;
  readonly charts: readonly PageChart[];
  readonly frames: Frames;
}

/** One chart as columns: `x`, then one list for each line, null where it has no point. */
export interface PageChart {
  readonly id: string;
  readonly clock: Chart["clock"];
  readonly xLabel: string;
  readonly log: boolean;
  readonly floor: number;
  readonly lines: readonly {
    readonly label: string;
    readonly tone: string;
    readonly area: boolean;
  }[];
  readonly columns: readonly (readonly (number | null)[])[];
  readonly marks: readonly number[];
}

/** State after state of the run, at even steps of its clock. */
export interface Frames {
  readonly stepSeconds: number;
  readonly groups: Readonly<Record<CrowdGroup, readonly number[]>>;
  /** The newest reading of the stock at each frame, all products; null before the first. */
  readonly available: readonly (number | null)[];
  readonly held: readonly (number | null)[];
  readonly totalStock: number;
  readonly notes: readonly { readonly at: number; readonly text: string }[];
}

const MAX_NOTES = 200;

export function pageDataOf(report: Report, charts: readonly Chart[]): PageData {
  return {
    durationSeconds: report.durationMs / 1000,
    charts: charts.filter(hasPoints).map(pageChart),
    frames: framesOf(report),
  };
}

function hasPoints(chart: Chart): boolean {
  return chart.lines.some((line) => line.points.length > 0);
}

function pageChart({ id, clock, xLabel, log = false, lines, marks = [] }: Chart): PageChart {
  const drawn = lines.filter((line) => line.points.length > 0);
  const maps = drawn.map((line) => new Map(apart(thinned(line.points))));
  const x = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
  return {
    ...{ id, clock, xLabel, log, floor: LOG_FLOOR },
    lines: drawn.map(({ label, tone, area = false }) => ({ label, tone, area })),
    columns: [x, ...maps.map((map) => x.map((at) => map.get(at) ?? null))],
    marks: marks.map((mark) => mark.x),
  };
}

/** A step up at one instant is two points there; as columns they stand a microsecond apart. */
function apart(points: readonly Point[]): readonly Point[] {
  return points.map(([x, y], index) => (points[index - 1]?.[0] === x ? [x + 1e-6, y] : [x, y]));
}

function framesOf({ course, stock, run, notes }: Report): Frames {
  const { stepSeconds, groups } = course.crowd;
  const available: (number | null)[] = [];
  const held: (number | null)[] = [];
  let next = 0;
  for (let frame = 0; frame < groups.away.length; frame += 1) {
    const atMs = frame * stepSeconds * 1000;
    while (next < stock.samples.length && stock.samples[next]!.atMs <= atMs) next += 1;
    const products = stock.samples[next - 1]?.products;
    available.push(products?.reduce((sum, one) => sum + one.availableStock, 0) ?? null);
    held.push(products?.reduce((sum, one) => sum + one.held, 0) ?? null);
  }
  return {
    stepSeconds,
    groups,
    available,
    held,
    totalStock: run.sale.products.reduce((sum, one) => sum + one.totalStock, 0),
    notes: notes.slice(0, MAX_NOTES).map(({ atMs, text }) => ({ at: atMs / 1000, text })),
  };
}

/** The groups in the order in which a client passes through them, with the words of the page. */
export const GROUP_WORDS: Readonly<Record<CrowdGroup, string>> = {
  away: "not here yet",
  inLine: "in line",
  withPass: "holding a pass",
  booked: "booked, paying",
  confirmed: "confirmed",
  cancelled: "cancelled",
  gone: "gone without",
};
