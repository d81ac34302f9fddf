/** Many seeds, and every mutant: what runs in one thread, and how the threads share it. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { MUTANTS } from "./mutants.ts";
import { run } from "./run.ts";
import type { Breach } from "./verdict.ts";

/** Seeds within which a mutant must be found. */
export const MUTANT_SEEDS = 10_000;
/** Seeds between two messages of a thread. */
const CHUNK = 50;

export type Task =
  | { readonly do: "seeds"; readonly from: number; readonly step: number; readonly until: number }
  | { readonly do: "mutants"; readonly names: readonly string[]; readonly most: number };

export interface Tally {
  readonly seeds: number;
  readonly purchases: number;
  readonly virtualMs: number;
  readonly events: number;
}

export interface Failure {
  readonly seed: number;
  readonly breach: Breach;
}

export interface Found {
  readonly mutant: string;
  /** The first seed that shows it; undefined: none did. */
  readonly seed: number | undefined;
  readonly breach: Breach | undefined;
}

export type Told =
  | { readonly tally: Tally; readonly failure: Failure | undefined }
  | { readonly found: Found };

/** Seeds up to the first that fails. */
export async function sweep(
  { from, step, until }: Extract<Task, { do: "seeds" }>,
  tell: (told: Told) => void,
): Promise<void> {
  let tally: Tally = NOTHING;
  for (let seed = from; seed < until; seed += step) {
    const { breach, purchases, virtualMs, events } = await run({ seed });
    tally = plus(tally, { seeds: 1, purchases, virtualMs, events });
    const failure = breach && { seed, breach };
    if (!failure && tally.seeds < CHUNK && seed + step < until) continue;
    tell({ tally, failure });
    if (failure) return;
    tally = NOTHING;
  }
}

export async function findMutant(mutant: string, most: number): Promise<Found> {
  for (let seed = 1; seed <= most; seed++) {
    const { breach } = await run({ seed }, MUTANTS[mutant]);
    if (breach) return { mutant, seed, breach };
  }
  return { mutant, seed: undefined, breach: undefined };
}

export const NOTHING: Tally = { seeds: 0, purchases: 0, virtualMs: 0, events: 0 };

export function plus(a: Tally, b: Tally): Tally {
  return {
    seeds: a.seeds + b.seeds,
    purchases: a.purchases + b.purchases,
    virtualMs: a.virtualMs + b.virtualMs,
    events: a.events + b.events,
  };
}

/** Every seed from `from`, shared between the cores. Ends at the first that fails. */
export async function sweepAll(
  from: number,
  seeds: number,
  progress: (tally: Tally) => void,
): Promise<{ readonly tally: Tally; readonly failure: Failure | undefined }> {
  const threads = Math.min(seeds, availableParallelism());
  let tally = NOTHING;
  let failure: Failure | undefined;
  const tasks = Array.from({ length: threads }, (_, at): Task => {
    return { do: "seeds", from: from + at, step: threads, until: from + seeds };
  });
  await inThreads(tasks, (told) => {
    if (!("tally" in told)) return true;
    tally = plus(tally, told.tally);
    failure ??= told.failure;
    progress(tally);
    return failure === undefined;
  });
  return { tally, failure };
}

export async function findMutants(
  names: readonly string[],
  most: number,
  progress: (found: Found) => void,
): Promise<readonly Found[]> {
  const threads = availableParallelism();
  const tasks = Array.from({ length: threads }, (_, at): Task => {
    return { do: "mutants", names: names.filter((_name, i) => i % threads === at), most };
  });
  const all: Found[] = [];
  await inThreads(tasks, (told) => {
    if (!("found" in told)) return true;
    all.push(told.found);
    progress(told.found);
    return true;
  });
  return all.sort((a, b) => names.indexOf(a.mutant) - names.indexOf(b.mutant));
}

/** `hear` answers whether to go on. */
async function inThreads(tasks: readonly Task[], hear: (told: Told) => boolean): Promise<void> {
  const workers = tasks.map(
    (task) => new Worker(new URL("./sweep-thread.ts", import.meta.url), { workerData: task }),
  );
  const ends = workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        worker.on("message", (told: Told) => {
          if (hear(told)) return;
          for (const one of workers) void one.terminate();
        });
        worker.once("error", reject);
        worker.once("exit", () => resolve());
      }),
  );
  await Promise.all(ends);
}
