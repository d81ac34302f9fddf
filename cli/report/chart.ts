/** Line charts as inline SVG: no script, no request, readable without colours. */
import { escapeMarkup } from "./escape.ts";

/** What a line means; the style sheet gives each its colour, the chart its dashes. */
export type Tone = "main" | "good" | "warn" | "limit" | "other";

export type Point = readonly [x: number, y: number];

export interface Line {
  readonly label: string;
  readonly tone: Tone;
  /** x in seconds, ascending. */
  readonly points: readonly Point[];
  /** Fills the area below. */
  readonly area?: boolean;
}

export interface Chart {
  /** Unique in the page: names the parts for screen readers. */
  readonly id: string;
  readonly title: string;
  /** One sentence that says what the picture shows, numbers included. */
  readonly summary: string;
  readonly xLabel: string;
  /** Whose seconds run along x; charts of one clock share their cursor. */
  readonly clock: "run" | "queue";
  /** Values from tenths to ten thousands side by side: each power of ten gets the same height. */
  readonly log?: boolean;
  readonly lines: readonly Line[];
  /** Instants worth a vertical mark. */
  readonly marks?: readonly { readonly x: number; readonly text: string }[];
}

const WIDTH = 720;
const HEIGHT = 260;
const LEFT = 56;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 42;

/** A line is drawn with about this many points; more would not be seen. */
const MAX_POINTS = 600;

const DASHES: Readonly<Record<Tone, string>> = {
  main: "",
  good: "7 3",
  warn: "2 3",
  limit: "9 5",
  other: "12 3 2 3",
};

interface Scale {
  readonly xMax: number;
  readonly yTicks: readonly number[];
  readonly x: (value: number) => string;
  readonly y: (value: number) => string;
}

/** A figure with title, legend, picture and summary. Draws nothing where there are no points. */
export function renderChart(chart: Chart): string {
  const title = escapeMarkup(chart.title);
  const head =
    `<figure class="chart" data-chart="${chart.id}">` +
    `<figcaption id="${chart.id}-title">${title}</figcaption>`;
  const drawn = chart.lines.filter((line) => line.points.length > 0);
  if (drawn.length === 0) {
    return `${head}<p class="empty">Nothing was recorded.</p></figure>`;
  }
  const scale = scaleOf(drawn, chart.log === true);
  const body = [
    ...yAxis(scale),
    ...xAxis(scale, chart.xLabel),
    ...(chart.marks ?? []).map((mark) => markLine(mark, scale)),
    ...drawn.map((line) => path(line, scale)),
  ].join("");
  const svg =
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
    `aria-labelledby="${chart.id}-title ${chart.id}-summary">${body}</svg>`;
  const summary = `<p class="summary" id="${chart.id}-summary">${escapeMarkup(chart.summary)}</p>`;
  return `${head}<div class="still">${legend(drawn)}${svg}</div>${summary}</figure>`;
}

function legend(lines: readonly Line[]): string {
  if (lines.length < 2) return "";
  const items = lines.map(({ label, tone }) => {
    const sample =
      `<svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">` +
      `<path class="line ${tone}" d="M0 4H28"${dash(tone)}/></svg>`;
    return `<li>${sample}${escapeMarkup(label)}</li>`;
  });
  return `<ul class="legend">${items.join("")}</ul>`;
}

function dash(tone: Tone): string {
  return DASHES[tone] === "" ? "" : ` stroke-dasharray="${DASHES[tone]}"`;
}

function scaleOf(lines: readonly Line[], log: boolean): Scale {
  let xMax = 1;
  let yTop = 1;
  for (const line of lines) {
    for (const [x, y] of line.points) {
      xMax = Math.max(xMax, x);
      yTop = Math.max(yTop, y);
    }
  }
  const width = WIDTH - LEFT - RIGHT;
  const height = HEIGHT - TOP - BOTTOM;
  const share = log ? logShare(yTop) : linearShare(yTop);
  return {
    xMax,
    yTicks: log ? powersOfTen(yTop) : ticks(linearTop(yTop), 5),
    x: (value) => (LEFT + (Math.min(value, xMax) / xMax) * width).toFixed(1),
    y: (value) => (TOP + (1 - share(value)) * height).toFixed(1),
  };
}

function linearTop(yTop: number): number {
  const step = niceStep(yTop, 5);
  return Math.ceil(yTop / step) * step;
}

function linearShare(yTop: number): (value: number) => number {
  const top = linearTop(yTop);
  // Below zero is drawn at the floor: the verdicts say that it was there.
  return (value) => Math.max(0, value) / top;
}

/** The floor of a logarithmic chart, in its unit. */
export const LOG_FLOOR = 0.1;

function powersOfTen(yTop: number): number[] {
  const powers: number[] = [];
  for (let power = -1; power <= Math.ceil(Math.log10(yTop)); power++) powers.push(10 ** power);
  return powers;
}

function logShare(yTop: number): (value: number) => number {
  const floor = Math.log10(LOG_FLOOR);
  const top = Math.max(0, Math.ceil(Math.log10(yTop)));
  return (value) => (Math.log10(Math.max(LOG_FLOOR, value)) - floor) / (top - floor);
}

/** 1, 2 or 5 times a power of ten, so that about `parts` steps make `top`; whole numbers only. */
function niceStep(top: number, parts: number): number {
  const rough = top / parts;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 5, 10].find((times) => times * power >= rough) ?? 10;
  return Math.max(1, nice * power);
}

function ticks(max: number, parts: number): number[] {
  const step = niceStep(max, parts);
  const values: number[] = [];
  for (let value = 0; value <= max; value += step) values.push(value);
  return values;
}

function yAxis(scale: Scale): string[] {
  return scale.yTicks.map((value) => {
    const y = scale.y(value);
    const text = `<text class="tick" x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">`;
    const grid = `<path class="grid" d="M${LEFT} ${y}H${WIDTH - RIGHT}"/>`;
    return `${grid}${text}${value.toLocaleString("en-US")}</text>`;
  });
}

function xAxis(scale: Scale, label: string): string[] {
  const floor = HEIGHT - BOTTOM;
  const marks = ticks(scale.xMax, 8).map((value) => {
    const text = `<text class="tick" x="${scale.x(value)}" y="${floor + 17}" text-anchor="middle">`;
    return `${text}${value.toLocaleString("en-US")}</text>`;
  });
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  const name = `<text class="axis" x="${middle}" y="${HEIGHT - 6}" text-anchor="middle">`;
  return [...marks, `${name}${escapeMarkup(label)}</text>`];
}

function markLine(mark: { x: number; text: string }, scale: Scale): string {
  const at = `M${scale.x(mark.x)} ${TOP}V${HEIGHT - BOTTOM}`;
  return `<path class="mark" d="${at}"><title>${escapeMarkup(mark.text)}</title></path>`;
}

function path(line: Line, scale: Scale): string {
  const points = thinned(line.points).map(([x, y]) => `${scale.x(x)} ${scale.y(y)}`);
  const [first = "", ...rest] = points;
  const d = rest.length > 0 ? `M${first}L${rest.join(" ")}` : `M${first}h2`;
  const stroke = `<path class="line ${line.tone}" d="${d}"${dash(line.tone)}/>`;
  if (!line.area || rest.length === 0) return stroke;
  const from = scale.x(line.points[0]?.[0] ?? 0);
  const to = scale.x(line.points.at(-1)?.[0] ?? 0);
  const floor = HEIGHT - BOTTOM;
  return `<path class="area ${line.tone}" d="${d}L${to} ${floor} ${from} ${floor}Z"/>${stroke}`;
}

/** Keeps the lowest and highest point of each slice, so that no peak is lost. */
export function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MAX_POINTS) return points;
  const size = Math.ceil((points.length / MAX_POINTS) * 2);
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += size) {
    const slice = points.slice(start, start + size);
    const low = slice.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = slice.reduce((a, b) => (b[1] > a[1] ? b : a));
    if (low === high) kept.push(low);
    else kept.push(...(low[0] < high[0] ? [low, high] : [high, low]));
  }
  const last = points.at(-1);
  if (last && kept.at(-1) !== last) kept.push(last);
  return kept;
}
