/** `reservex selftest`: plants each known sin, and checks that the judges find it, and only it. */
import { writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { MUTANT_NAMES, MUTANTS, type MutantName } from "../../services/common/contracts/mutants.ts";
import { EXIT } from "../exit.ts";
import { listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import { defaultFolder } from "../run/result.ts";
import { passed, renderMatrix } from "../selftest/matrix.ts";
import { runSelftest } from "../selftest/selftest.ts";
import { jsonOption, whole } from "./options.ts";

interface SelftestOptions {
  readonly only?: readonly MutantName[];
  readonly honestRuns?: number;
  readonly long?: boolean;
  readonly list?: boolean;
  readonly seed: number;
  readonly out?: string;
  readonly json?: boolean;
}

const HONEST_RUNS = 20;
const HONEST_RUNS_LONG = 100;

export function addSelftest(program: Command, run: Run): void {
  program
    .command("selftest")
    .description(
      "plant every known sin and run honest sales: the judges must find all and only them",
    )
    .option("--only <names>", "some mutants, by the beginning of their names: W1,S3", parseMutants)
    .option("--honest-runs <n>", "honest sales, which no judge may accuse", whole(0, 10_000))
    .option("--long", `${HONEST_RUNS_LONG} honest sales instead of ${HONEST_RUNS}`)
    .option("--list", "name the mutants and what each must break, and do nothing")
    .option("--seed <n>", "the same seed, the same crowds", whole(0, 2_000_000_000), 1)
    .option("--out <dir>", "folder for the matrix and all records (default: runs/selftest-<time>)")
    .addOption(jsonOption())
    .action((options: SelftestOptions) =>
      run(async ({ output }) => {
        if (options.list) {
          for (const name of MUTANT_NAMES) {
            const { about, breaks } = MUTANTS[name];
            output.result(`${name.padEnd(24)} ${breaks.join(", ").padEnd(18)} ${about}`);
          }
          output.document({ mutants: MUTANTS });
          return EXIT.valid;
        }
        const interrupts = listenForInterrupts();
        const folder = resolve(options.out ?? newFolder());
        const beganMs = performance.now();
        const honestRuns = options.honestRuns ?? (options.long ? HONEST_RUNS_LONG : HONEST_RUNS);
        const matrix = await runSelftest({
          ...{ folder, honestRuns, interrupts, seed: options.seed },
          mutants: options.only ?? MUTANT_NAMES,
          onResult: (line) => output.progress(line),
        });
        interrupts.stopListening();
        const table = renderMatrix(matrix);
        await writeFile(join(folder, "matrix.md"), `${table}\n`);
        await writeFile(join(folder, "matrix.json"), `${JSON.stringify(matrix, undefined, 2)}\n`);
        output.result(table);
        const seconds = Math.round((performance.now() - beganMs) / 1_000);
        output.result(
          `${seconds} s; matrix and records: ${relative(process.cwd(), folder) || "."}`,
        );
        output.document({ folder, seconds, ...matrix });
        if (interrupts.asked.aborted) return EXIT.unknown;
        return passed(matrix) ? EXIT.valid : EXIT.broken;
      }, options),
    );
}

const newFolder = () => defaultFolder(new Date()).replace("runs/", "runs/selftest-");

function parseMutants(text: string): MutantName[] {
  return text.split(",").flatMap((word) => {
    const start = word.trim();
    const found = MUTANT_NAMES.filter((name) => name === start || name.startsWith(`${start}-`));
    if (start !== "" && found.length > 0) return found;
    throw new InvalidArgumentError(`"${start}" begins no mutant's name; see --list`);
  });
}
