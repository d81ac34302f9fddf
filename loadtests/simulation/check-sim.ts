/**
 * Simulates sales from seeds, or plays one again. Exit code 1 where a promise was broken, with the
 * smallest run that breaks it.
 *
 *   npm run check:sim -- [--seeds N] [--from K] [--json]
 *   npm run check:sim -- --seed S [--clients 1,2] [--faults a#1,b#2] [--mutant NAME] [--trace]
 *   npm run check:sim -- --mutants [--seeds N]
 */
import { parseArgs } from "node:util";
import { type Defect, HONEST } from "./defects.ts";
import { MUTANTS } from "./mutants.ts";
import { type Outcome, type Plan, run } from "./run.ts";
import { commandOf, shrink } from "./shrink.ts";
import { type Found, findMutants, MUTANT_SEEDS, sweepAll, type Tally } from "./sweep.ts";

const SEEDS = 10_000;
const USAGE = 64;

const out = (text: string): void => void process.stdout.write(`${text}\n`);
const note = (text: string): void => void process.stderr.write(`${text}\n`);

class WrongUsage extends Error {}

function readOptions() {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      options: {
        ...{ seeds: text, from: text, seed: text, clients: text, faults: text, mutant: text },
        ...{ mutants: flag, trace: flag, json: flag },
      },
    });
    return values;
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  const number = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(number) && number >= 0 && text !== "") return number;
  throw new WrongUsage(`--${name} must be a whole number from 0, not "${text}"`);
}

function listOf(text: string | undefined): string[] | undefined {
  return text?.split(",").filter((part) => part !== "");
}

function defectOf(name: string | undefined): Defect {
  const defect = name === undefined ? HONEST : MUTANTS[name];
  if (defect) return defect;
  throw new WrongUsage(`--mutant "${name}" is none of: ${Object.keys(MUTANTS).join("; ")}`);
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options.mutants) {
    return matrix(whole("seeds", options.seeds, MUTANT_SEEDS), options.json);
  }
  if (options.seed === undefined) {
    const seeds = whole("seeds", options.seeds, SEEDS);
    return many(whole("from", options.from, 1), seeds, options.json);
  }
  const plan: Plan = {
    seed: whole("seed", options.seed, 0),
    clients: listOf(options.clients)?.map((one) => whole("clients", one, 0)),
    faults: listOf(options.faults),
  };
  return one(plan, { mutant: options.mutant, trace: options.trace, json: options.json });
}

async function many(from: number, seeds: number, json: boolean): Promise<number> {
  const began = performance.now();
  let told = began;
  const { tally, failure } = await sweepAll(from, seeds, ({ seeds: done }) => {
    if (performance.now() - told < 5_000) return;
    told = performance.now();
    note(`${done} of ${seeds} seeds`);
  });
  const seconds = (performance.now() - began) / 1_000;
  if (!failure) {
    if (json) out(JSON.stringify({ ...figures(tally, seconds), broken: null }));
    else out(`${inWords(tally, seconds)}\nevery promise held`);
    return 0;
  }
  if (!json) out(`${inWords(tally, seconds)}\nseed ${failure.seed} fails; it is made smaller …`);
  const failed = await run({ seed: failure.seed });
  return report(failure.seed, failed, HONEST, { json, mutant: undefined, tally, seconds });
}

interface Reporting {
  readonly json: boolean;
  readonly mutant: string | undefined;
  readonly tally?: Tally;
  readonly seconds?: number;
}

async function report(
  seed: number,
  failed: Outcome,
  defect: Defect,
  { json, mutant, tally, seconds }: Reporting,
): Promise<number> {
  const { plan, outcome, runs } = await shrink(seed, failed, defect);
  const command = commandOf(plan, mutant);
  const { breach, clients, struck } = outcome;
  if (json) {
    const counted = tally && seconds !== undefined ? figures(tally, seconds) : {};
    out(JSON.stringify({ ...counted, broken: { ...breach, ...plan, replay: command } }));
    return 1;
  }
  out(`BROKEN  ${breach?.promise}: ${breach?.what}, after ${breach?.atMs} virtual ms`);
  out(`smallest of ${runs} runs: clients ${clients.join(", ")}, and ${struck.length} faults`);
  for (const { name, atMs, whom } of struck)
    out(`  ${String(atMs).padStart(8)} ms  ${name}  ${whom}`);
  out(`again:  ${command}`);
  return 1;
}

async function one(
  plan: Plan,
  { mutant, trace, json }: { mutant: string | undefined; trace: boolean; json: boolean },
): Promise<number> {
  const defect = defectOf(mutant);
  const say = (atMs: number, who: string, what: string) =>
    note(`${String(atMs).padStart(8)}  ${who.padEnd(10)}  ${what}`);
  const outcome = await run(plan, defect, trace ? say : undefined);
  const { breach, fingerprint, purchases, virtualMs } = outcome;
  if (!breach) {
    if (json) out(JSON.stringify({ ...plan, purchases, virtualMs, fingerprint, broken: null }));
    else out(`seed ${plan.seed}: every promise held; ${purchases} purchases, run ${fingerprint}`);
    return 0;
  }
  if (trace || plan.faults) {
    if (json) out(JSON.stringify({ ...plan, fingerprint, broken: breach }));
    else out(`BROKEN  ${breach.promise}: ${breach.what}, run ${fingerprint}`);
    return 1;
  }
  return report(plan.seed, outcome, defect, { json, mutant });
}

/** Which mutant is found by what, and how soon. */
async function matrix(most: number, json: boolean): Promise<number> {
  const names = Object.keys(MUTANTS);
  const found = await findMutants(names, most, ({ mutant }) => note(mutant));
  const missed = found.filter(({ seed }) => seed === undefined);
  if (json) out(JSON.stringify({ mutants: found }));
  else {
    out(`${"mutant".padEnd(56)} seeds  caught by`);
    for (const each of found) out(row(each));
    out(`${found.length - missed.length} of ${found.length} found within ${most} seeds`);
  }
  return missed.length === 0 ? 0 : 1;
}

function row({ mutant, seed, breach }: Found): string {
  const caught = breach ? `${breach.promise}: ${breach.what}` : "NOT FOUND";
  return `${mutant.padEnd(56)} ${String(seed ?? "").padStart(5)}  ${caught}`;
}

function figures({ seeds, purchases, virtualMs, events }: Tally, seconds: number) {
  return {
    ...{ seeds, seconds, purchases, events },
    seedsPerSecond: seeds / seconds,
    purchasesPerSecond: purchases / seconds,
    virtualSeconds: virtualMs / 1_000,
    timesRealTime: virtualMs / 1_000 / seconds,
  };
}

function inWords(tally: Tally, seconds: number): string {
  const { seedsPerSecond, purchasesPerSecond, virtualSeconds, timesRealTime } = figures(
    tally,
    seconds,
  );
  const n = (value: number) => Math.round(value).toLocaleString("en");
  return (
    `${n(tally.seeds)} seeds in ${seconds.toFixed(1)} s: ${n(seedsPerSecond)} seeds/s, ` +
    `${n(purchasesPerSecond)} simulated purchases/s (${n(tally.purchases)} in all)\n` +
    `${n(virtualSeconds / 3_600)} virtual hours, ${n(timesRealTime)} times as fast as they are long`
  );
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof WrongUsage)) throw error;
  note(error.message);
  process.exitCode = USAGE;
}
