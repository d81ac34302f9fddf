/**
 * Judges a whole recorded run. The record is taken to hold every client of the sale: other
 * buyers on the same sale would look like ghosts and idle permits.
 */
import { judgeFairness } from "./fairness.ts";
import { asFarAsShown } from "./hidden.ts";
import type { Hidden, History, Ledger } from "./history.ts";
import { afterLiveLimits, atHighestLimit } from "./live-limit.ts";
import { judgeLiveness } from "./liveness.ts";
import { judgeMoney } from "./money.ts";
import { judgePasses } from "./passes.ts";
import { judgeProbes } from "./probes.ts";
import { judgeRate } from "./rate.ts";
import { judgeStock } from "./stock.ts";
import { type PromiseName, unknown, type Verdict } from "./verdict.ts";
import { clockErrorMs, clocksInWords, MAX_CLOCK_ERROR_MS, widened } from "./worker-clocks.ts";

/** A tester whose requests left later than this, at the 99th percentile, drove nothing. */
export const MAX_SEND_LAG_P99_MS = 10;

export interface TesterVerdict {
  /** True only when the tester's health is on record and good. */
  readonly valid: boolean;
  /** False when the recording was cut off: nobody knows how the tester was. */
  readonly known: boolean;
  readonly because: string;
}

/** 0 every promise valid, 1 a promise broken, 2 nothing concluded, 3 the run is invalid. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface RunVerdict {
  /** In this order: rate, liveness, fairness, passes, stock, money, input, access. */
  readonly verdicts: readonly Verdict[];
  readonly testerVerdict: TesterVerdict;
  readonly exitCode: ExitCode;
}

/** All promises of a run. n·log n in the number of operations; never throws on parsed input. */
export function judgeRun(recorded: History, ledger: Ledger | undefined): RunVerdict {
  const history = widened(recorded);
  const hidden = history.run.settings.hidden ?? [];
  const ifShown = (what: Hidden) => (hidden.includes(what) ? undefined : ledger);
  const verdicts = afterLiveLimits(history, [
    judgeRate(atHighestLimit(history)),
    judgeLiveness(history, ifShown("sagas")),
    judgeFairness(history),
    judgePasses(history),
    judgeStock(history, ledger),
    judgeMoney(history, ifShown("payments")),
    judgeProbes(history, "input"),
    judgeProbes(history, "access"),
  ]).map((verdict) => asFarAsRecorded(asFarAsShown(verdict, hidden), history));
  const testerVerdict = judgeTester(history);
  return { verdicts, testerVerdict, exitCode: exitCodeOf(verdicts, testerVerdict) };
}

/** What somebody else's purchases and passes may explain, when a part of the crowd is not on record. */
const TAKE_EVERYBODY: readonly PromiseName[] = ["liveness", "stock"];

function asFarAsRecorded(verdict: Verdict, { end }: History): Verdict {
  const lost = end?.tester.lostWorkers ?? [];
  if (lost.length === 0 || !TAKE_EVERYBODY.includes(verdict.promise)) return verdict;
  const because = `the record lacks a part of the crowd; as far as it goes: ${verdict.because}`;
  return unknown(verdict.promise, because, verdict.checked);
}

/** Whether the tester drove the run as planned; a slow tester hides a slow server. */
export function judgeTester(history: History): TesterVerdict {
  const { end } = history;
  if (!end) {
    const because = "the recording was cut off before the tester's health was written down";
    return { valid: false, known: false, because };
  }
  const { sendLagMs, droppedArrivals, workerSendLagP99Ms = [], lostWorkers = [] } = end.tester;
  // The worst of its processes: a quarter of the clients sent late is no crowd sent on time.
  const lagMs = Math.max(sendLagMs.p99, ...workerSendLagP99Ms);
  const lag = `requests left ${lagMs.toFixed(1)} ms late (p99)`;
  const allowed = `${MAX_SEND_LAG_P99_MS} ms allowed`;
  const clocks = clocksInWords(history);
  const reasons: string[] = [];
  for (const lost of lostWorkers) reasons.push(`the record lacks the clients of ${lost}`);
  if (clocks !== undefined && clockErrorMs(history) > MAX_CLOCK_ERROR_MS) {
    reasons.push(`${clocks}, ±${MAX_CLOCK_ERROR_MS} ms allowed`);
  }
  if (lagMs > MAX_SEND_LAG_P99_MS) reasons.push(`${lag}, ${allowed}`);
  if (droppedArrivals > 0) reasons.push(`${droppedArrivals} arrivals could not be started`);
  if (reasons.length > 0) return { valid: false, known: true, because: reasons.join("; ") };
  const because = [`${lag}, ${allowed}; no arrival was dropped`, ...(clocks ? [clocks] : [])];
  return { valid: true, known: true, because: because.join("; ") };
}

/**
 * A violation is certain whatever the tester's health, so it comes first; then a tester known to
 * be bad; then whatever is not known, the health of a tester that was cut off included.
 */
export function exitCodeOf(verdicts: readonly Verdict[], tester: TesterVerdict): ExitCode {
  if (verdicts.some((one) => one.verdict === "broken")) return 1;
  if (tester.known && !tester.valid) return 3;
  if (!tester.known || verdicts.some((one) => one.verdict === "unknown")) return 2;
  return 0;
}
