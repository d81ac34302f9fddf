/** `reservex capacity`: the highest arrival rate at which every promise and the latency goals hold. */
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { type Config, processEnvironment } from "../../services/common/config.ts";
import { EXIT } from "../exit.ts";
import { type Interrupts, listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import { highestHolding, nextRate, type SearchLimits } from "../run/capacity-search.ts";
import { findingOf, type LatencyGoals, type StepFinding } from "../run/capacity-step.ts";
import { logIn } from "../run/log-in.ts";
import { type OwnStack, startOwnStack } from "../run/own-stack.ts";
import { defaultFolder } from "../run/result.ts";
import { createRunFolder } from "../run/run-folder.ts";
import { runSaleAndJudge } from "../run/sale-run.ts";
import { adminOf } from "./operator.ts";
import { type CrowdOptions, dataOption, jsonOption, whole } from "./options.ts";
import { parseTarget, type TargetChoice, targetUrls } from "./target-option.ts";

interface CapacityOptions extends TargetChoice {
  readonly from: number;
  readonly most: number;
  readonly withinPercent: number;
  readonly seconds: number;
  readonly goals: LatencyGoals;
  readonly workers: number;
  readonly seed: number;
  readonly out?: string;
  readonly adminEmail?: string;
  readonly adminPassword?: string;
  readonly json?: boolean;
}

interface Step extends StepFinding {
  /** Arrivals a second. */
  readonly rate: number;
  readonly cpu: number;
  readonly p99: Readonly<Record<string, number>>;
  readonly folder: string;
}

const OPERATIONS = ["join", "poll", "reserve", "follow"];
const GOALS: LatencyGoals = { join: 500, poll: 250, reserve: 1_000 };
const NOTHING = "nothing stood in the way up to --most";
/** Beyond the last arrival: waiting, thinking, buying, following. */
const REST_SECONDS = 30;
const MOST_CLIENTS = 100_000;
const MOST_PERMITS = 60_000;

export function addCapacity(program: Command, run: Run): void {
  program
    .command("capacity")
    .description("the highest arrival rate at which the promises and the latency goals hold")
    .option("--from <n>", "arrivals a second to begin with", whole(1, 10_000), 20)
    .option("--most <n>", "and at most", whole(1, 10_000), 1_000)
    .option("--within-percent <n>", "how exactly", whole(1, 100), 10)
    .option("--seconds <n>", "arrivals of a step", whole(1, 3_600), 10)
    .option("--goals <list>", "p99 in ms, as join=500,poll=250,reserve=1000", parseGoals, GOALS)
    .option("--workers <n>", "processes that share the clients among them", whole(1, 64), 1)
    .option("--seed <n>", "the same seed, the same crowds", whole(0, 2_147_483_647), 1)
    .option("--out <dir>", "folder for each step's record (default: runs/<time>)")
    .option("--target <urls>", "service=url, comma separated: a stack that runs", parseTarget)
    .option("--admin-email <address>", "an administrator of a stack that runs; else one is started")
    .option("--admin-password <text>", "(or the variable RESERVEX_ADMIN_PASSWORD)")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((options: CapacityOptions) =>
      run(async ({ output, config }) => {
        const interrupts = listenForInterrupts();
        const stack = await openStack(options, config);
        try {
          const steps = await search(options, stack, interrupts, output.progress);
          const highest = highestHolding(steps);
          const failed = steps.filter(({ holds }) => !holds).sort((a, b) => a.rate - b.rate)[0];
          const limit = failed ? `at ${failed.rate}/s ${failed.words}` : NOTHING;
          output.result(`capacity: ${highest ?? "below 1"} arrivals a second; ${limit}`);
          const limitedBy = failed?.limitedBy ?? null;
          output.document({ arrivalsPerSecond: highest ?? null, limitedBy, limit, steps });
          return steps.length === 0 || interrupts.asked.aborted ? EXIT.unknown : EXIT.valid;
        } finally {
          await stack.stop();
          interrupts.stopListening();
        }
      }, options),
    );
}

async function openStack(
  options: CapacityOptions,
  config: (environment: NodeJS.ProcessEnv) => Config,
): Promise<OwnStack> {
  if (options.adminEmail === undefined && options.target === undefined)
    return startOwnStack("capacity", {});
  const urls = await targetUrls(options, config(processEnvironment()));
  const { email, password } = adminOf(options);
  return { urls, adminToken: await logIn(urls.account, email, password), stop: async () => {} };
}

async function search(
  options: CapacityOptions,
  stack: OwnStack,
  interrupts: Interrupts,
  progress: (line: string) => void,
): Promise<Step[]> {
  const { from, seconds, withinPercent } = options;
  const most = Math.min(options.most, Math.floor(MOST_CLIENTS / seconds));
  const limits: SearchLimits = { from: Math.min(from, most), most, within: withinPercent / 100 };
  const out = options.out ?? defaultFolder(new Date());
  const steps: Step[] = [];
  for (;;) {
    const rate = nextRate(steps, limits);
    if (rate === undefined) return steps;
    const folder = join(
      out,
      `step-${String(steps.length + 1).padStart(2, "0")}-${rate}-per-second`,
    );
    const step = await tryRate(rate, folder, options, stack, interrupts);
    // What was cut short says nothing about the rate.
    if (interrupts.asked.aborted) return steps;
    steps.push(step);
    const held = step.holds ? "holds" : "fails";
    progress(`${String(rate).padStart(6)}/s  ${held}  ${step.words}; ${p99InWords(step)}`);
  }
}

function p99InWords({ p99 }: Step): string {
  const known = OPERATIONS.filter((op) => p99[op] !== undefined);
  return `p99 in ms: ${known.map((op) => `${op} ${p99[op]}`).join(", ")}`;
}

async function tryRate(
  rate: number,
  folder: string,
  { seconds, seed, workers, goals }: CapacityOptions,
  { urls: target, adminToken }: OwnStack,
  interrupts: Interrupts,
): Promise<Step> {
  const before = cpuTimes();
  const { report } = await runSaleAndJudge({
    ...{ target, adminToken, interrupts },
    crowd: crowdOf(rate, { seconds, seed, workers }),
    folder: await createRunFolder(folder),
    environment: processEnvironment(),
  });
  const after = cpuTimes();
  const cpu = (after.busy - before.busy) / Math.max(1, after.all - before.all);
  const p99 = Object.fromEntries(report.latency.map((row) => [row.op, Math.round(row.p99)]));
  return { rate, ...findingOf(report, goals, cpu), cpu, p99, folder };
}

/** Everybody is let in at once and finds something to buy: the services set the pace, no permit. */
function crowdOf(
  rate: number,
  { seconds, seed, workers }: Pick<CapacityOptions, "seconds" | "seed" | "workers">,
): CrowdOptions {
  const clients = rate * seconds;
  return {
    clients,
    stock: Math.max(3, clients),
    quantity: 1,
    permitsPerMinute: Math.min(MOST_PERMITS, Math.max(600, rate * 120)),
    pacing: "burst",
    arrivals: { how: "poisson" },
    arrivalSeconds: seconds,
    ...{ absent: 0, attackers: 0, paymentFailure: 0, seed },
    ...{ impatient: 0, patience: 60, doubleClicks: 0, retrying: 0 },
    ...{ workers: Math.min(workers, clients), sockets: "shared" },
    maxSeconds: seconds + REST_SECONDS,
    settleSeconds: 60,
    ...{ quiet: true, json: true },
  };
}

/** Of the whole machine: the services, the tester and whoever else there is share it. */
function cpuTimes(): { readonly busy: number; readonly all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus().slice(0, availableParallelism())) {
    const sum = times.user + times.nice + times.sys + times.irq + times.idle;
    all += sum;
    busy += sum - times.idle;
  }
  return { busy, all };
}

function parseGoals(text: string): LatencyGoals {
  const goals: Record<string, number> = {};
  for (const part of text.split(",")) {
    const [, op = "", ms] = /^(\w+)=(\d{1,6})$/.exec(part.trim()) ?? [];
    if (!OPERATIONS.includes(op) || !(Number(ms) > 0)) {
      throw new InvalidArgumentError(`"${part}" is not like join=500; of ${OPERATIONS.join(", ")}`);
    }
    goals[op] = Number(ms);
  }
  return goals;
}
