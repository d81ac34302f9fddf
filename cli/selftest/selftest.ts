/** Shows the judges every known sin, and honest runs of the same sales: a stack and a sale each. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { processEnvironment } from "../../services/common/config.ts";
import { MUTANTS, type MutantName } from "../../services/common/contracts/mutants.ts";
import { explain } from "../exit.ts";
import type { Interrupts } from "../interrupts.ts";
import { type OwnStack, startOwnStack } from "../run/own-stack.ts";
import { createRunFolder, type JudgedRun } from "../run/run-folder.ts";
import { runSaleAndJudge } from "../run/sale-run.ts";
import { brokenOf, type HonestResult, type Matrix, type MutantResult } from "./matrix.ts";
import { crowdOf, HONEST_PROFILES, PROFILES, type Profile } from "./profiles.ts";

export interface Selftest {
  readonly mutants: readonly MutantName[];
  readonly honestRuns: number;
  readonly seed: number;
  /** A folder for the records of all runs. */
  readonly folder: string;
  readonly interrupts: Interrupts;
  /** Told of each result as it comes. */
  readonly onResult: (line: string) => void;
}

export async function runSelftest(test: Selftest): Promise<Matrix> {
  await mkdir(test.folder, { recursive: true });
  const mutants: MutantResult[] = [];
  for (const name of test.mutants) {
    if (test.interrupts.asked.aborted) break;
    const result = await runMutant(test, name);
    mutants.push(result);
    const found = result.broken.map(({ promise }) => promise).join(", ") || "nothing broken";
    const word = result.killed ? "killed" : "SURVIVED";
    test.onResult(`${name}: ${word} in ${result.seconds} s (${result.failed ?? found})`);
  }
  return { mutants, honest: await runHonest(test) };
}

async function runMutant(test: Selftest, name: MutantName): Promise<MutantResult> {
  const { about, breaks: named } = MUTANTS[name];
  const profile = PROFILES[name];
  const beganMs = performance.now();
  const done = (broken: MutantResult["broken"], failed?: string): MutantResult => ({
    ...{ name, about, named, broken, seconds: secondsSince(beganMs) },
    killed: broken.some(({ promise }) => named.some((one) => one === promise)),
    ...(failed !== undefined && { failed }),
  });
  let stack: OwnStack | undefined;
  try {
    stack = await startOwnStack("selftest", {
      ...profile.settings,
      ...{ MUTANT: name, LOG_LEVEL: "silent" },
    });
    const { verdict } = await sale(test, stack, profile, name, test.seed);
    return done(brokenOf(verdict.verdicts));
  } catch (error) {
    return done([], explain(error).line);
  } finally {
    await stack?.stop();
  }
}

/** By turns over the profiles, those of one stack's settings together: a start costs seconds. */
async function runHonest(test: Selftest): Promise<HonestResult[]> {
  const groups = new Map<string, { readonly run: number; readonly profile: Profile }[]>();
  for (let run = 1; run <= test.honestRuns; run += 1) {
    const profile = HONEST_PROFILES[(run - 1) % HONEST_PROFILES.length]!;
    const key = JSON.stringify(profile.settings);
    groups.set(key, [...(groups.get(key) ?? []), { run, profile }]);
  }
  const results: HonestResult[] = [];
  for (const group of groups.values()) {
    if (test.interrupts.asked.aborted) break;
    const stack = await startOwnStack("selftest", {
      ...group[0]!.profile.settings,
      LOG_LEVEL: "warn",
    });
    try {
      for (const { run, profile } of group) {
        if (test.interrupts.asked.aborted) break;
        results.push(await runOneHonest(test, stack, run, profile));
      }
    } finally {
      await stack.stop();
    }
  }
  return results.toSorted((a, b) => a.run - b.run);
}

async function runOneHonest(
  test: Selftest,
  stack: OwnStack,
  run: number,
  profile: Profile,
): Promise<HonestResult> {
  const beganMs = performance.now();
  try {
    const judged = await sale(test, stack, profile, `honest-${run}`, test.seed + run);
    const alarms = brokenOf(judged.verdict.verdicts);
    const open = judged.verdict.verdicts.filter((one) => one.verdict === "unknown");
    const unknown = open.map(({ promise }) => promise);
    const seconds = secondsSince(beganMs);
    const accused = alarms.map(({ promise }) => promise).join(", ");
    test.onResult(`honest run ${run}: ${accused || "no alarm"} in ${seconds} s`);
    return { run, alarms, unknown, seconds };
  } catch (error) {
    const failed = explain(error).line;
    test.onResult(`honest run ${run}: not finished: ${failed}`);
    return { run, alarms: [], unknown: [], seconds: secondsSince(beganMs), failed };
  }
}

async function sale(
  { folder, interrupts }: Selftest,
  stack: OwnStack,
  profile: Profile,
  name: string,
  seed: number,
): Promise<JudgedRun> {
  const crowd = crowdOf(profile, seed, join(folder, name));
  return runSaleAndJudge({
    ...{ target: stack.urls, adminToken: stack.adminToken, crowd, interrupts },
    folder: await createRunFolder(join(folder, name)),
    environment: processEnvironment(),
  });
}

function secondsSince(beganMs: number): number {
  return Math.round((performance.now() - beganMs) / 100) / 10;
}
