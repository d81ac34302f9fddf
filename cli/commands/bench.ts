/** `reservex bench`: how fast we are, as ratios measured in one run on one machine. */
import { type Command, InvalidArgumentError } from "commander";
import type { Benchmark } from "../../loadtests/bench/benchmark.ts";
import { BENCHMARKS } from "../../loadtests/bench/catalogue.ts";
import { machine, runBenchmarks } from "../../loadtests/bench/run-benchmarks.ts";
import { renderResults } from "../../loadtests/bench/table.ts";
import { processEnvironment } from "../../services/common/config.ts";
import { CommandError, EXIT } from "../exit.ts";
import { listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import { jsonOption, whole } from "./options.ts";

interface BenchOptions {
  readonly only: readonly Benchmark[];
  readonly pairs: number;
  readonly seconds: number;
  readonly json?: boolean;
}

/** Together under four minutes on two cores. */
const DEFAULTS = { pairs: 5, seconds: 2 };

export function addBench(program: Command, run: Run): void {
  const names = BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(17)} ${about}`);
  program
    .command("bench")
    .description("ratios against what one would use instead, measured in turns on this machine")
    .option("--only <names>", "some of the benchmarks, comma separated", parseNames, BENCHMARKS)
    .option("--pairs <n>", "pairs of blocks that count", whole(1, 100), DEFAULTS.pairs)
    .option("--seconds <n>", "length of a block", whole(1, 600), DEFAULTS.seconds)
    .addOption(jsonOption())
    .addHelpText("after", `\nBenchmarks:\n${names.join("\n")}`)
    .action(({ only, pairs, seconds, json }: BenchOptions) =>
      run(
        async ({ output }) => {
          const { asked: interrupted } = listenForInterrupts();
          const { progress } = output;
          const environment = processEnvironment();
          const results = await runBenchmarks(only, {
            ...{ pairs, seconds, environment, progress, interrupted },
          }).catch((error: unknown) => {
            if (!interrupted.aborted) throw error;
            throw new CommandError(EXIT.unknown, "interrupted: nothing can be concluded");
          });
          output.result(renderResults(results));
          output.document({ machine: machine(), results });
          return EXIT.valid;
        },
        { json },
      ),
    );
}

function parseNames(text: string): Benchmark[] {
  const names = new Set(text.split(",").map((name) => name.trim()));
  for (const name of names) {
    if (BENCHMARKS.some((benchmark) => benchmark.name === name)) continue;
    const known = BENCHMARKS.map((benchmark) => benchmark.name).join(", ");
    throw new InvalidArgumentError(`"${name}" is none of ${known}`);
  }
  return BENCHMARKS.filter(({ name }) => names.has(name));
}
