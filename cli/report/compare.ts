/** Two reports side by side: what the later run does worse than the earlier one. Pure. */
import type { Report } from "./report.ts";

/** What may be lost before it counts as a regression. */
export interface Tolerance {
  /** A percentile may grow by this share, and always by `latencyMs`. */
  readonly latencyPercent: number;
  readonly latencyMs: number;
  readonly throughputPercent: number;
  readonly soldPercent: number;
}

export interface ComparedRow {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  /** In percent of before; absent where there is no number. */
  readonly changePercent?: number;
  /** unknown: one side has nothing to compare. */
  readonly change: "same" | "better" | "worse" | "unknown";
}

export interface Comparison {
  readonly rows: readonly ComparedRow[];
  /** Settings that differ: the runs were not asked the same. */
  readonly differences: readonly string[];
  readonly regressions: number;
}

/** Percentiles of fewer requests say nothing about a change. */
const MIN_REQUESTS = 100;

const GOODNESS = { broken: 0, invalid: 0, unknown: 1, valid: 2 } as const;

export function compareReports(before: Report, after: Report, tolerance: Tolerance): Comparison {
  const rows = [
    ...verdictRows(before, after),
    ...latencyRows(before, after, tolerance),
    lossRow("operations per second", rate(before), rate(after), tolerance.throughputPercent),
    lossRow("bookings confirmed", sold(before), sold(after), tolerance.soldPercent),
  ];
  return {
    rows,
    differences: differencesOf(before, after),
    regressions: rows.filter((row) => row.change === "worse").length,
  };
}

function verdictRows(before: Report, after: Report): ComparedRow[] {
  const earlier = wordsOf(before);
  const later = wordsOf(after);
  return [...new Set([...earlier.keys(), ...later.keys()])].map((what) => {
    const [was, is] = [earlier.get(what), later.get(what)];
    if (was === undefined || is === undefined) {
      // A promise that only one of the two was judged by.
      const change = is === "broken" ? ("worse" as const) : ("unknown" as const);
      return { what, before: was ?? "–", after: is ?? "–", change };
    }
    const step = GOODNESS[is] - GOODNESS[was];
    const change = step < 0 ? "worse" : step > 0 ? "better" : "same";
    return { what, before: was, after: is, change };
  });
}

function wordsOf({ verdicts, tester }: Report): Map<string, keyof typeof GOODNESS> {
  const words = new Map<string, keyof typeof GOODNESS>();
  for (const { promise, verdict } of verdicts) words.set(promise, verdict);
  return words.set("tester", tester.valid ? "valid" : tester.known ? "invalid" : "unknown");
}

function latencyRows(before: Report, after: Report, tolerance: Tolerance): ComparedRow[] {
  return before.latency.flatMap((was) => {
    const is = after.latency.find((row) => row.op === was.op);
    return (["p50", "p99"] as const).map((share): ComparedRow => {
      const what = `${was.op} ${share}, ms`;
      const few = was.count < MIN_REQUESTS || (is?.count ?? 0) < MIN_REQUESTS;
      if (is === undefined || few) {
        const shown = is === undefined ? "–" : is[share].toFixed(1);
        return { what, before: was[share].toFixed(1), after: shown, change: "unknown" };
      }
      const allowedMs = Math.max(
        tolerance.latencyMs,
        (was[share] * tolerance.latencyPercent) / 100,
      );
      const grownMs = is[share] - was[share];
      const change = grownMs > allowedMs ? "worse" : grownMs < -allowedMs ? "better" : "same";
      const texts = { before: was[share].toFixed(1), after: is[share].toFixed(1) };
      return { what, ...texts, ...percentOf(was[share], is[share]), change };
    });
  });
}

/** For figures of which less is worse. */
function lossRow(what: string, was: number, is: number, allowedPercent: number): ComparedRow {
  const allowed = (was * allowedPercent) / 100;
  const change = is < was - allowed ? "worse" : is > was + allowed ? "better" : "same";
  return { what, before: was.toFixed(0), after: is.toFixed(0), ...percentOf(was, is), change };
}

function percentOf(was: number, is: number): { changePercent?: number } {
  return was > 0 ? { changePercent: Math.round(((is - was) / was) * 1000) / 10 } : {};
}

function rate({ totals, durationMs }: Report): number {
  return durationMs > 0 ? (totals.operations / durationMs) * 1000 : 0;
}

/** By the books where they were read, else as clients saw it. */
function sold({ books, bookings }: Report): number {
  return books ? (books.reservations.CONFIRMED ?? 0) : (bookings.confirmed.at(-1) ?? 0);
}

function differencesOf(before: Report, after: Report): string[] {
  const plan = ({ run: { settings, sale } }: Report): Record<string, unknown> => {
    const { target: _, habits, hidden: unseen = [], ...crowd } = settings;
    const stock = sale.products.reduce((sum, one) => sum + one.totalStock, 0);
    const { permitsPerMinute, pacing } = sale;
    const hidden = unseen.join(", ");
    return { ...crowd, ...habits, hidden, permitsPerMinute, pacing, stock };
  };
  const [was, is] = [plan(before), plan(after)];
  return Object.keys({ ...was, ...is })
    .filter((name) => was[name] !== is[name])
    .map((name) => `${name} ${was[name]} → ${is[name]}`);
}
