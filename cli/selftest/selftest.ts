/** Shows the judges every known sin, and honest runs of the same sales: a stack and a sale each. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { processEnvironment } from "../../services/common/config.ts";
import { MUTANTS, type MutantName } from "../../services/common/contracts/mutants.ts";
import { SERVICES } from "../../services/common/contracts/names.ts";
import { explain } from "../exit.ts";
import type { Interrupts } from "../interrupts.ts";
import { type OwnStack, startOwnStack } from "../run/own-stack.ts";
import { createRunFolder, type JudgedRun } from "../run/run-folder.ts";
import { runSaleAndJudge } from "../run/sale-run.ts";
import { convicted } from "./conviction.ts";
import { brokenOf, type HonestResult, type Matrix, type MutantResult } from "./matrix.ts";
import { atRisk, crowdOf, HONEST_PROFILES, PROFILES, type Profile } from "./profiles.ts";

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

const LANES = 2;

/** Two stacks at once cannot both have the usual ports. */
const ANY_PORT = Object.fromEntries(SERVICES.map((name) => [`${name.toUpperCase()}_PORT`, "0"]));

export async function runSelftest(test: Selftest): Promise<Matrix> {
  await mkdir(test.folder, { recursive: true });
  const mutants = await runMutants(test);
  return { mutants, honest: await runHonest(test) };
}

/**
 * Two at once: one stack starts while the other's sale goes on. Judges accuse on what is certain
 * at any speed, so a busy machine hides no sin and makes none; honest runs go alone all the same,
 * for their tester must be in time.
 */
async function runMutants(test: Selftest): Promise<MutantResult[]> {
  const left = [...test.mutants];
  const results = new Map<MutantName, MutantResult>();
  const lane = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      if (test.interrupts.asked.aborted) return;
      const result = await runMutant(test, name);
      results.set(name, result);
      const found = result.broken.map(({ promise }) => promise).join(", ") || "nothing broken";
      const word = result.killed ? "killed" : "SURVIVED";
      test.onResult(`${name}: ${word} in ${result.seconds} s (${result.failed ?? found})`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return test.mutants.flatMap((name) => results.get(name) ?? []);
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
      ...{ ...ANY_PORT, ...profile.settings },
      ...{ MUTANT: name, LOG_LEVEL: "silent" },
    });
    const { verdict } = await saleUntilConvicted(test, stack, profile, name);
    return done(brokenOf(verdict.verdicts));
  } catch (error) {
    return done([], explain(error).line);
  } finally {
    await stack?.stop();
  }
}

async function saleUntilConvicted(
  test: Selftest,
  stack: OwnStack,
  profile: Profile,
  name: MutantName,
): Promise<JudgedRun> {
  const { breaks: named } = MUTANTS[name];
  const { urls: target, adminToken } = stack;
  const over = new AbortController();
  const enough = new AbortController();
  const inBooks = named.some((promise) => promise === "money" || promise === "stock");
  const folder = join(test.folder, name);
  const look = { folder, named, ...(inBooks && { books: { target, adminToken } }) };
  const watched = convicted(look, over.signal).then((yes) => yes && enough.abort());
  const asked = AbortSignal.any([test.interrupts.asked, enough.signal]);
  const interrupts = { ...test.interrupts, asked };
  try {
    return await sale({ ...test, interrupts }, stack, profile, name, test.seed);
  } finally {
    over.abort();
    await watched;
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
    const risk = atRisk(profile);
    const unproven = unknown.filter((promise) => risk.includes(promise));
    const seconds = secondsSince(beganMs);
    const accused = alarms.map(({ promise }) => promise).join(", ");
    const left = unproven.length > 0 ? `, ${unproven.join(", ")} unknown` : "";
    test.onResult(`honest run ${run}: ${accused || "no alarm"}${left} in ${seconds} s`);
    return { run, alarms, unknown, unproven, seconds };
  } catch (error) {
    const failed = explain(error).line;
    test.onResult(`honest run ${run}: not finished: ${failed}`);
    return { run, alarms: [], unknown: [], unproven: [], seconds: secondsSince(beganMs), failed };
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
