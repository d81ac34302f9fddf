/** `reservex compare`: what a later run does worse than an earlier one. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { EXIT, usageError } from "../exit.ts";
import type { Run } from "../main.ts";
import { compareReports, type Tolerance } from "../report/compare.ts";
import { comparisonText } from "../report/compare-text.ts";
import { REPORT_VERSION, type Report } from "../report/report.ts";
import { jsonOption, percent } from "./options.ts";

interface CompareOptions extends Tolerance {
  readonly json?: boolean;
}

export function addCompare(program: Command, run: Run): void {
  program
    .command("compare")
    .description("two runs side by side; exit code 1 where the later one is worse")
    .argument("<before>", "the folder of the earlier run, or its report.json")
    .argument("<after>", "the folder of the later run, or its report.json")
    .option("--latency-percent <n>", "growth of a percentile that is no regression", growth, 20)
    .option("--latency-ms <n>", "growth that is none either, in milliseconds", growth, 5)
    .option("--throughput-percent <n>", "loss of operations per second that is none", percent, 10)
    .option("--sold-percent <n>", "loss of confirmed bookings that is none", percent, 0)
    .addOption(jsonOption())
    .action((before: string, after: string, options: CompareOptions) =>
      run(async ({ output }) => {
        const reports = [await readReport(before), await readReport(after)] as const;
        const comparison = compareReports(...reports, options);
        output.result(comparisonText(comparison));
        output.document({ before, after, ...comparison });
        return comparison.regressions > 0 ? EXIT.broken : EXIT.valid;
      }, options),
    );
}

function growth(text: string): number {
  if (!/^\d{1,6}(\.\d+)?$/.test(text))
    throw new InvalidArgumentError("must be a number, 0 or more");
  return Number(text);
}

/** A report is often kept alone, as an artifact or a baseline, under any name that ends in .json. */
async function readReport(folderOrFile: string): Promise<Report> {
  const path = folderOrFile.endsWith(".json") ? folderOrFile : join(folderOrFile, "report.json");
  let report: Partial<Report> | null;
  try {
    report = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw usageError(
      `${path}: ${code === undefined ? "not a JSON document" : `cannot be read (${code})`}`,
    );
  }
  if (report?.version !== REPORT_VERSION || report.verdicts === undefined) {
    const version = `version ${REPORT_VERSION}`;
    throw usageError(
      `${path}: no report of ${version}; reservex judge makes one of a recorded run`,
    );
  }
  return report as Report;
}
