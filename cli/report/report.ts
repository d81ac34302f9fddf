/** Builds the report of a finished run: everything report.json, report.html and junit.xml say. */
import { admissionsOf, mostInAnyWindow } from "../judge/admissions.ts";
import type {
  History,
  Ledger,
  Note,
  Op,
  Outcome,
  RunEnd,
  RunHeader,
  StockLine,
  TesterHealth,
} from "../judge/history.ts";
import type { ExitCode, RunVerdict, TesterVerdict } from "../judge/judge.ts";
import type { Verdict } from "../judge/verdict.ts";
import { type Course, courseOf } from "./course.ts";
import { evidenceOf } from "./evidence.ts";
import { type LatencyRow, latencyOf } from "./latency.ts";
import {
  type BookingSeries,
  bookingSeries,
  lineLength,
  perStep,
  type Series,
  windowPeaks,
} from "./series.ts";

import { type UnusualRow, unusualOf } from "./unusual.ts";

export const REPORT_VERSION = 1;

/** report.json. Times in milliseconds since the run began, money in cents, unless named. */
export interface Report {
  readonly version: typeof REPORT_VERSION;
  readonly run: RunHeader;
  readonly durationMs: number;
  /** `cut-off` when the recording has no last line. */
  readonly ended: RunEnd["reason"] | "cut-off";
  readonly exitCode: ExitCode;
  readonly result: "valid" | "broken" | "unknown" | "invalid";
  readonly verdicts: readonly Verdict[];
  /** The operations that witnesses name, as recorded. */
  readonly evidence: readonly Op[];
  readonly tester: TesterVerdict & { readonly health?: TesterHealth };
  readonly totals: Totals;
  readonly admissions: AdmissionFacts;
  /** Clients in line, as far as their own answers tell. */
  readonly line: Series;
  /** What clients heard of their purchases, cumulative. */
  readonly bookings: BookingSeries;
  /** The whole run, second by second, down-sampled without losing a peak. */
  readonly course: Course;
  readonly latency: readonly LatencyRow[];
  /** Answers that were not a yes, most frequent first. */
  readonly errors: readonly ErrorRow[];
  /** What attackers and clients with habits did, by kind. */
  readonly unusual: readonly UnusualRow[];
  readonly stock: StockFacts;
  /** From the books; absent without them. */
  readonly books?: BookFacts;
  readonly notes: readonly Note[];
}

export interface Totals {
  /** That asked anything; the prober is none of them. */
  readonly clients: number;
  readonly operations: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly byOp: readonly (Readonly<Record<Outcome, number>> & { readonly op: string })[];
}

export interface AdmissionFacts {
  /** Distinct passes with an end that clients saw. */
  readonly total: number;
  readonly permitsPerMinute: number;
  readonly pacing: "smooth" | "burst";
  readonly mostInAnyMinute: number;
  /** By the queue's clock, from the first admission on. */
  readonly perStep: Series;
  /** The most admissions that a window of 60 s holds, of those that end in the step. */
  readonly windowPeaks: Series;
}

export interface ErrorRow {
  readonly op: string;
  readonly code: string;
  readonly outcome: "fail" | "unknown";
  readonly count: number;
}

export interface StockFacts {
  readonly samples: readonly { readonly atMs: number; readonly products: readonly StockLine[] }[];
  readonly end?: readonly StockLine[];
}

export interface BookFacts {
  readonly settled: boolean;
  readonly settleSeconds: number;
  readonly reservations: Readonly<Record<string, number>>;
  readonly sagas: Readonly<Record<string, number>>;
  readonly payments: Readonly<Record<string, number>>;
  readonly chargedCents: number;
  readonly refundedCents: number;
}

/** More samples of the stock than this are thinned out: a chart is no wider. */
const MAX_STOCK_SAMPLES = 1200;

/** Pure: the same record and verdict make the same report, byte for byte. */
export function buildReport(
  history: History,
  ledger: Ledger | undefined,
  verdict: RunVerdict,
): Report {
  const { run, end } = history;
  const { admissions } = admissionsOf(history);
  const firstMs = admissions[0]?.atMs ?? 0;
  const durationMs = durationOf(history);
  const health = end && { health: end.tester };
  return {
    version: REPORT_VERSION,
    run,
    durationMs,
    ended: end?.reason ?? "cut-off",
    exitCode: verdict.exitCode,
    result: resultOf(verdict.exitCode),
    verdicts: verdict.verdicts,
    evidence: evidenceOf(history.ops, verdict.verdicts),
    tester: { ...verdict.testerVerdict, ...health },
    totals: totalsOf(history),
    admissions: {
      total: admissions.length,
      permitsPerMinute: run.sale.permitsPerMinute,
      pacing: run.sale.pacing,
      mostInAnyMinute: mostInAnyWindow(admissions),
      perStep: perStep(admissions.map((one) => one.atMs - firstMs)),
      windowPeaks: windowPeaks(admissions.map((one) => one.atMs - firstMs)),
    },
    line: lineLength(history, durationMs),
    bookings: bookingSeries(history, durationMs),
    course: courseOf(history, durationMs),
    latency: latencyOf(history.ops),
    errors: errorsOf(history),
    unusual: unusualOf(history.ops),
    stock: {
      samples: thinned(history.stock).map(({ atMs, products }) => ({ atMs, products })),
      ...(ledger && { end: ledger.products }),
    },
    ...(ledger && { books: booksOf(ledger) }),
    notes: history.notes,
  };
}

function resultOf(exitCode: ExitCode): Report["result"] {
  return (["valid", "broken", "unknown", "invalid"] as const)[exitCode];
}

function durationOf(history: History): number {
  let lastMs = history.end?.atMs ?? 0;
  for (const op of history.ops) lastMs = Math.max(lastMs, op.endedMs);
  return lastMs;
}

function totalsOf(history: History): Totals {
  const outcomes = { ok: 0, fail: 0, unknown: 0 };
  const byOp = new Map<string, Record<Outcome, number>>();
  const clients = new Set<number>();
  for (const op of history.ops) {
    if (op.op !== "probe") clients.add(op.client);
    outcomes[op.outcome]++;
    const row = byOp.get(op.op) ?? { ok: 0, fail: 0, unknown: 0 };
    row[op.outcome]++;
    byOp.set(op.op, row);
  }
  return {
    clients: clients.size,
    operations: history.ops.length,
    outcomes,
    byOp: [...byOp].map(([op, row]) => ({ op, ...row })),
  };
}

function errorsOf(history: History): ErrorRow[] {
  const rows = new Map<string, { -readonly [K in keyof ErrorRow]: ErrorRow[K] }>();
  for (const { op, code, status, outcome } of history.ops) {
    if (outcome === "ok") continue;
    const said = code ?? (status === undefined ? "NO_ANSWER" : `HTTP ${status}`);
    const key = `${op} ${outcome} ${said}`;
    const row = rows.get(key) ?? { op, code: said, outcome, count: 0 };
    row.count++;
    rows.set(key, row);
  }
  return [...rows.values()].sort((a, b) => b.count - a.count || a.code.localeCompare(b.code, "en"));
}

function thinned<T>(samples: readonly T[]): readonly T[] {
  const step = Math.ceil(samples.length / MAX_STOCK_SAMPLES);
  if (step <= 1) return samples;
  const last = samples.length - 1;
  return samples.filter((_, index) => index % step === 0 || index === last);
}

function booksOf(ledger: Ledger): BookFacts {
  let chargedCents = 0;
  let refundedCents = 0;
  for (const { type, amountCents } of ledger.provider) {
    if (type === "charge") chargedCents += amountCents;
    else refundedCents += amountCents;
  }
  return {
    settled: ledger.settled,
    settleSeconds: ledger.settleSeconds,
    reservations: tally(ledger.reservations.map((one) => one.status)),
    sagas: tally(ledger.sagas.map((one) => one.state)),
    payments: tally(ledger.payments.map((one) => one.status)),
    chargedCents,
    refundedCents,
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b, "en")));
}
