/** `reservex crash`: a sale whose services and servers are killed all the time, and what holds after it. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { NAIVE, RESERVEX } from "../../loadtests/crash/build.ts";
import { type CrashOptions, type CrashReport, runCrash } from "../../loadtests/crash/crash-run.ts";
import type { Faults } from "../../loadtests/crash/round.ts";
import { SERVERS } from "../../loadtests/crash/servers.ts";
import { renderRuns, renderSummary, summarize } from "../../loadtests/crash/summary.ts";
import { SERVICES } from "../../services/common/contracts/names.ts";
import { streamOf, unit } from "../engine/rng.ts";
import { EXIT } from "../exit.ts";
import { listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import { jsonOption, whole } from "./options.ts";

interface CrashCommand {
  readonly kills: number;
  readonly seed: number;
  readonly only: readonly string[];
  readonly faults: Faults;
  readonly naive?: boolean;
  readonly runs: number;
  readonly restSeconds: number;
  readonly json?: boolean;
}

const MORTALS: readonly string[] = [...SERVICES, ...SERVERS];

export function addCrash(program: Command, run: Run): void {
  program
    .command("crash")
    .description(
      "kill every process again and again during sales, servers included, and check the books",
    )
    .option("--kills <n>", "processes killed in all", whole(0, 100_000), 40)
    .option("--seed <n>", "the same seed, the same plan", whole(0, 2_147_483_647), 1)
    .option("--only <names>", `who may die: some of ${MORTALS.join(",")}`, parseNames, [])
    .addOption(
      new Option("--faults <what>", "all: also cut wires, a rude bus, impatient clients")
        .choices(["all", "kills"])
        .default("all"),
    )
    .option("--runs <n>", "so many runs, each with the next seed", whole(1, 1_000), 1)
    .option("--rest-seconds <n>", "everything must have ended by then", whole(1, 600), 60)
    .option("--naive", "the build without outbox, inbox and keys: it must fail")
    .addOption(jsonOption())
    .action((options: CrashCommand) =>
      run(async ({ output }) => {
        const { asked: interrupted } = listenForInterrupts();
        const { progress } = output;
        const reports: (CrashReport & { readonly seed: number })[] = [];
        for (let n = 0; n < options.runs && !interrupted.aborted; n += 1) {
          const seed = options.seed + n;
          const report = {
            seed,
            ...(await runCrash(planOf(options, seed, interrupted, progress))),
          };
          reports.push(report);
          if (options.runs > 1) progress(renderRuns(reports));
        }
        output.result(options.runs > 1 ? renderRuns(reports) : renderSummary(reports[0]!));
        const runs = reports.map((one) => ({ ...one, byPoint: summarize(one.kills) }));
        output.document(options.runs > 1 ? { runs } : runs[0]!);
        const rounds = reports.flatMap((report) => report.rounds);
        if (rounds.some((round) => round.findings.length > 0)) return EXIT.broken;
        return interrupted.aborted || rounds.length === 0 ? EXIT.unknown : EXIT.valid;
      }, options),
    );
}

function planOf(
  { kills, only, faults, naive, restSeconds }: CrashCommand,
  seed: number,
  interrupted: AbortSignal,
  progress: (line: string) => void,
): CrashOptions {
  const stream = streamOf(seed, "cast");
  return {
    ...{ kills, only, faults, interrupted, progress, restWithinMs: restSeconds * 1_000 },
    build: naive ? NAIVE : RESERVEX,
    random: () => unit(stream),
  };
}

function parseNames(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!MORTALS.includes(name)) {
      throw new InvalidArgumentError(`"${name}" is none of ${MORTALS.join(", ")}`);
    }
  }
  return names;
}
