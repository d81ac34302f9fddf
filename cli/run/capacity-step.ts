/** What a step of the search for a capacity found: whether it held, and what stood in the way; pure. */
import type { Report } from "../report/report.ts";

export interface LatencyGoals {
  /** Milliseconds at the 99th percentile, by operation; others have no goal. */
  readonly [op: string]: number;
}

export interface StepFinding {
  readonly holds: boolean;
  /** Of what failed first in this order: a promise, the tester, latency, arrivals not served. */
  readonly limitedBy?: "promise" | "tester" | "latency" | "time";
  readonly words: string;
}

/** So much of all cores: whatever failed then, more of them is what it lacked. */
const CPU_FULL = 0.9;

/** @param cpu of all cores during the run, 0 to 1 */
export function findingOf(report: Report, goals: LatencyGoals, cpu: number): StepFinding {
  const busy = `the machine ${Math.round(cpu * 100)} % busy`;
  const full = cpu >= CPU_FULL ? `${busy}: out of CPU` : busy;
  const fail = (limitedBy: StepFinding["limitedBy"] & string, why: string): StepFinding => {
    return { holds: false, limitedBy, words: `${why}; ${full}` };
  };
  const broken = report.verdicts.find(({ verdict }) => verdict === "broken");
  if (broken) return fail("promise", `${broken.promise} is broken: ${broken.because}`);
  if (!report.tester.valid) return fail("tester", `the tester itself: ${report.tester.because}`);
  for (const { op, p99, count } of report.latency) {
    const goal = goals[op];
    if (goal === undefined || count === 0 || p99 <= goal) continue;
    return fail("latency", `${op} took ${Math.round(p99)} ms (p99), ${goal} ms is the goal`);
  }
  if (report.ended !== "everyone-done") return fail("time", "not everybody was served in time");
  const unsure = report.verdicts.find(
    ({ promise, verdict }) => (promise === "stock" || promise === "money") && verdict !== "valid",
  );
  if (unsure) return fail("promise", `${unsure.promise} is not proved: ${unsure.because}`);
  return { holds: true, words: busy };
}
