/** `reservex crash`: a sale whose services and servers are killed all the time, and what holds after it. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { streamOf, unit } from "../../cli/engine/rng.ts";
import { NAIVE, RESERVEX } from "../../loadtests/crash/build.ts";
import { runCrash } from "../../loadtests/crash/crash-run.ts";
import type { Faults } from "../../loadtests/crash/round.ts";
import { SERVERS } from "../../loadtests/crash/servers.ts";
import { renderSummary, summarize } from "../../loadtests/crash/summary.ts";
import { SERVICES } from "../../services/common/contracts/names.ts";
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
    .option("--naive", "the build without outbox, inbox and keys: it must fail")
    .addOption(jsonOption())
    .action(({ kills, seed, only, faults, naive, json }: CrashCommand) =>
      run(
        async ({ output }) => {
          const { asked: interrupted } = listenForInterrupts();
          const stream = streamOf(seed, "cast");
          const report = await runCrash({
            ...{ build: naive ? NAIVE : RESERVEX, kills, only, faults, interrupted },
            random: () => unit(stream),
            progress: output.progress,
          });
          output.result(renderSummary(report));
          output.document({ seed, ...report, byPoint: summarize(report.kills) });
          if (report.rounds.some((round) => round.findings.length > 0)) return EXIT.broken;
          return interrupted.aborted ? EXIT.unknown : EXIT.valid;
        },
        { json },
      ),
    );
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
