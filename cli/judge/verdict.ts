/** What a judge may say, and how the verdicts of a run become one exit code. */

export type PromiseName =
  | "rate"
  | "liveness"
  | "fairness"
  | "passes"
  | "stock"
  | "money"
  | "endings"
  | "input"
  | "access";

/**
 * valid: it could have failed, and did not. broken: certain, with witnesses.
 * unknown: nothing could be concluded (too little happened, or too much was never heard back).
 */
export interface Verdict {
  readonly promise: PromiseName;
  readonly verdict: "valid" | "broken" | "unknown";
  /** One sentence a person understands: what was found, with the numbers. */
  readonly because: string;
  /** How many facts were checked; 0 is never valid. */
  readonly checked: number;
  /** For broken: the smallest evidence, at most {@link MAX_WITNESSES}, in words. */
  readonly witnesses: readonly Witness[];
}

export interface Witness {
  /** For example: "client 4711 admitted at 12.402 s, 101st in the window 0.011–60.011 s". */
  readonly words: string;
  /** Ids of the operations that show it. */
  readonly ops: readonly number[];
}

export const MAX_WITNESSES = 5;

/** The judge's sentence when it has evidence: `witnesses` beyond {@link MAX_WITNESSES} are cut. */
export function broken(
  promise: PromiseName,
  because: string,
  checked: number,
  witnesses: readonly Witness[],
): Verdict {
  const shown = witnesses.slice(0, MAX_WITNESSES);
  return { promise, verdict: "broken", because, checked, witnesses: shown };
}

/** The judge's sentence when the promise could have failed and held; nothing checked is unknown. */
export function valid(promise: PromiseName, because: string, checked: number): Verdict {
  if (checked === 0) return unknown(promise, `nothing was checked: ${because}`);
  return { promise, verdict: "valid", because, checked, witnesses: [] };
}

/** The judge's sentence when the record does not allow a conclusion. */
export function unknown(promise: PromiseName, because: string, checked = 0): Verdict {
  return { promise, verdict: "unknown", because, checked, witnesses: [] };
}
