/** The plain front door: lines of text for logs and pipes, without colour or cursor movement. */
import type { Snapshot } from "../engine/snapshot.ts";
import { clean } from "./cells.ts";
import { formatCount, formatDuration, formatEta, formatPercent } from "./number-format.ts";
import { MAX_SEND_LAG_MS } from "./panels/tester.ts";
import { SIGNS, worstFirst } from "./panels/verdicts.ts";

/** The most frequent codes that a line names; the others are counted together. */
const MAX_CODES = 3;

/**
 * One snapshot as one line, parts two blanks apart:
 * `[  12.3 s] selling  41 %  line 1 203  admitted 251 (limit 1 200/min)  stock 349/600 …`.
 * What is zero or not known is left out.
 */
export function formatLine(snapshot: Snapshot): string {
  const { phase, progress, clients, admissions, bookings, etaSeconds, tester } = snapshot;
  const over = admissions.lastMinute > admissions.permitsPerMinute;
  const limit = formatCount(admissions.permitsPerMinute);
  const parts = [
    `${phase.padEnd(8)} ${formatPercent(progress).padStart(4)}`,
    `line ${formatCount(clients.waiting)}`,
    `admitted ${formatCount(admissions.total)} (limit ${limit}/min)`,
  ];
  if (over) parts.push(`OVER THE LIMIT ${formatCount(admissions.lastMinute)} in 60 s`);
  if (snapshot.stock.length > 0) parts.push(`stock ${stockWords(snapshot)}`);
  parts.push(`confirmed ${formatCount(bookings.confirmed)}`);
  if (bookings.cancelled > 0) parts.push(`cancelled ${formatCount(bookings.cancelled)}`);
  if (snapshot.errors.length > 0) parts.push(`errors ${errorWords(snapshot)}`);
  if (tester.sendLagMs.p99 > MAX_SEND_LAG_MS) {
    parts.push(`SENDS LATE ${formatCount(tester.sendLagMs.p99)} ms`);
  }
  if (etaSeconds !== undefined && phase !== "done") parts.push(`eta ${formatEta(etaSeconds)}`);
  return `${stamp(snapshot)} ${parts.join("  ")}`;
}

function stamp({ elapsedMs }: Snapshot): string {
  return `[${formatDuration(elapsedMs).padStart(8)}]`;
}

function stockWords({ stock }: Snapshot): string {
  const left = stock.reduce((sum, { availableStock }) => sum + availableStock, 0);
  const total = stock.reduce((sum, { totalStock }) => sum + totalStock, 0);
  return `${formatCount(left)}/${formatCount(total)}`;
}

function errorWords({ errors }: Snapshot): string {
  const named = errors.slice(0, MAX_CODES);
  const others = errors.slice(MAX_CODES).reduce((sum, { count }) => sum + count, 0);
  const words = named.map(({ code, count }) => `${clean(code)} ${formatCount(count)}`);
  return [...words, ...(others > 0 ? [`others ${formatCount(others)}`] : [])].join(", ");
}

/** One line a verdict, the worst first, each followed by its evidence. */
export function formatVerdicts({ verdicts }: Snapshot): string[] {
  return worstFirst(verdicts).flatMap(({ promise, verdict, because, witnesses }) => [
    `${SIGNS[verdict].sign} ${promise.padEnd(9)} ${verdict.padEnd(8)} ${clean(because)}`,
    ...witnesses.map(({ words }) => `    › ${clean(words)}`),
  ]);
}

/** What has been told already. */
export interface Told {
  readonly phase?: Snapshot["phase"];
  readonly news?: string;
  readonly atMs: number;
  /** How many verdicts: what is certain early comes before the rest. */
  readonly verdicts: number;
}

export const NOTHING_TOLD: Told = { atMs: Number.NEGATIVE_INFINITY, verdicts: 0 };

/**
 * The lines that a snapshot adds to a log that told `told`: the news if new, a status line if the
 * phase changed or `everyMs` of the run have passed since the last, the verdicts once they are more.
 */
export function nextLines(
  told: Told,
  snapshot: Snapshot,
  everyMs: number,
): { readonly lines: readonly string[]; readonly told: Told } {
  const { phase, elapsedMs, news, verdicts } = snapshot;
  const lines: string[] = [];
  const newPhase = phase !== told.phase;
  const due = newPhase || elapsedMs - told.atMs >= everyMs;
  if (news !== undefined && news !== told.news) lines.push(`${stamp(snapshot)} › ${clean(news)}`);
  if (due) lines.push(formatLine(snapshot));
  const tellVerdicts = verdicts.length > told.verdicts;
  if (tellVerdicts) lines.push(...formatVerdicts(snapshot));
  const lastNews = news ?? told.news;
  return {
    lines,
    told: {
      phase,
      ...(lastNews === undefined ? {} : { news: lastNews }),
      atMs: due ? elapsedMs : told.atMs,
      verdicts: Math.max(told.verdicts, verdicts.length),
    },
  };
}

export interface PlainOptions {
  readonly getSnapshot: () => Snapshot;
  /** Takes one line, ended by a newline. */
  readonly write: (line: string) => void;
  /** Milliseconds of the run between two status lines; default 5,000. */
  readonly everyMs?: number;
}

export interface Plain {
  /** Tells what `finalSnapshot` (by default one more snapshot) adds, then nothing more. */
  readonly stop: (finalSnapshot?: Snapshot) => void;
}

/** How often it looks for a change of phase and for news. */
const LOOK_EVERY_MS = 250;

/** Prints until stopped. Its timer never keeps the process alive. */
export function startPlain({ getSnapshot, write, everyMs = 5_000 }: PlainOptions): Plain {
  let told = NOTHING_TOLD;
  let stopped = false;
  const tell = (snapshot: Snapshot): void => {
    const next = nextLines(told, snapshot, everyMs);
    told = next.told;
    for (const line of next.lines) write(`${line}\n`);
  };
  tell(getSnapshot());
  const timer = setInterval(() => tell(getSnapshot()), Math.min(LOOK_EVERY_MS, everyMs)).unref();
  return {
    stop: (finalSnapshot) => {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      tell(finalSnapshot ?? getSnapshot());
    },
  };
}
