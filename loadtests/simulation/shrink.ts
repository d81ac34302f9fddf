/** Makes a failing run small: fewer clients, fewer faults, and the same promise broken in the end. */
import type { Defect } from "./defects.ts";
import { type Outcome, type Plan, run } from "./run.ts";

/** Runs that shrinking may cost. */
const MOST_RUNS = 600;

export interface Shrunk {
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly runs: number;
}

/** `failed` is the outcome of `seed` with nothing left out. */
export async function shrink(seed: number, failed: Outcome, defect?: Defect): Promise<Shrunk> {
  const promise = failed.breach?.promise;
  let best: Plan = { seed, clients: failed.clients, faults: namesOf(failed) };
  let outcome = failed;
  let runs = 0;
  /** Keeps the plan if it still breaks the same promise, without faults that no longer strike. */
  const tryPlan = async (plan: Plan): Promise<boolean> => {
    if (runs >= MOST_RUNS) return false;
    runs += 1;
    const tried = await run(plan, defect);
    if (tried.breach?.promise !== promise) return false;
    outcome = tried;
    best = { ...plan, faults: namesOf(tried) };
    return true;
  };
  if (!(await tryPlan(best))) return { plan: { seed }, outcome: failed, runs };
  for (let before = -1; before !== sizeOf(best); ) {
    before = sizeOf(best);
    await without(best.faults ?? [], (faults) => tryPlan({ ...best, faults }));
    await without(best.clients ?? [], (clients) => tryPlan({ ...best, clients }));
  }
  return { plan: best, outcome, runs };
}

/** Leaves out halves, quarters and so on, for as long as `keep` likes what is left (ddmin). */
async function without<T>(
  all: readonly T[],
  keep: (left: readonly T[]) => Promise<boolean>,
): Promise<void> {
  let items = all;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < items.length; ) {
      const left = [...items.slice(0, at), ...items.slice(at + size)];
      if (await keep(left)) items = left;
      else at += size;
    }
  }
}

const namesOf = (outcome: Outcome): string[] => outcome.struck.map((one) => one.name);
const sizeOf = (plan: Plan): number => (plan.faults?.length ?? 0) + (plan.clients?.length ?? 0);

/** What plays the plan again, in words. */
export function commandOf({ seed, clients, faults }: Plan, mutant?: string): string {
  const parts = [`npm run check:sim -- --seed ${seed}`];
  if (clients) parts.push(`--clients ${clients.join(",")}`);
  if (faults) parts.push(`--faults '${faults.join(",")}'`);
  if (mutant) parts.push(`--mutant '${mutant}'`);
  return `${parts.join(" ")} --trace`;
}
