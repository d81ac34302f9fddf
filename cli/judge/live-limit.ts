/**
 * A run whose admission limit a person changed while it went on: no single limit held throughout, so
 * what rests on it is neither proven nor broken, unless even the highest limit was exceeded.
 */
import type { History } from "./history.ts";
import { unknown, type Verdict } from "./verdict.ts";

/** The same run under the highest limit that it ever had. */
export function atHighestLimit(history: History): History {
  const { run } = history;
  const permitsPerMinute = Math.max(run.sale.permitsPerMinute, ...limitsOf(history));
  return { ...history, run: { ...run, sale: { ...run.sale, permitsPerMinute } } };
}

/** The verdicts, less what a changed limit leaves open. A record without changes keeps its own. */
export function afterLiveLimits(history: History, verdicts: readonly Verdict[]): Verdict[] {
  const limits = limitsOf(history);
  if (limits.length === 0) return [...verdicts];
  const why = `the admission limit was changed during the run (${limits.slice(-5).join(", ")})`;
  return verdicts.map((one) => {
    const rests =
      (one.promise === "rate" && one.verdict === "valid") ||
      (one.promise === "liveness" && one.verdict !== "unknown");
    return rests ? unknown(one.promise, `${why}; before that: ${one.because}`, one.checked) : one;
  });
}

function limitsOf({ notes }: History): number[] {
  return notes.flatMap((note) => note.permitsPerMinute ?? []);
}
