/** What a target does not show: promises that would take it are never valid. */
import type { Hidden } from "./history.ts";
import type { PromiseName, Verdict } from "./verdict.ts";

const NEEDED: Readonly<Record<Hidden, readonly PromiseName[]>> = {
  passTimes: ["rate", "passes"],
  payments: ["money"],
  sagas: ["liveness"],
  keys: ["passes"],
};

const WORDS: Readonly<Record<Hidden, string>> = {
  passTimes: "when a pass ends",
  payments: "its payments",
  sagas: "its sagas",
  keys: "which purchases are one (it takes no idempotency key)",
};

/** The verdict as far as the target lets anybody see; what is broken stays broken. */
export function asFarAsShown(verdict: Verdict, hidden: readonly Hidden[]): Verdict {
  const missing = hidden.filter((one) => NEEDED[one].includes(verdict.promise));
  if (missing.length === 0 || verdict.verdict === "broken") return verdict;
  const words = missing.map((one) => WORDS[one]).join(" and ");
  const because = `the target does not show ${words}; ${verdict.because}`;
  return { ...verdict, verdict: "unknown", because };
}
