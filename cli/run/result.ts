/** What a judged run says at its end, to people and to machines. */
import { relative } from "node:path";
import type { Output } from "../output.ts";
import { renderVerdictTable } from "../report/verdict-table.ts";
import { wantsColor } from "./display.ts";
import type { JudgedRun } from "./run-folder.ts";

/** Prints the verdicts and where the record lies. @returns the exit code */
export function tellResult(
  output: Output,
  judged: JudgedRun,
  environment: NodeJS.ProcessEnv,
): number {
  const { verdict, folder, report } = judged;
  const width = process.stdout.columns ?? 100;
  output.result(
    renderVerdictTable(verdict, { color: wantsColor(process.stdout, environment), width }),
  );
  output.result(`record and reports: ${relative(process.cwd(), folder) || "."}`);
  output.document({ folder, ...report });
  return verdict.exitCode;
}

/** runs/2026-11-22T18-30-00: sorts by time, and no character that a shell minds. */
export function defaultFolder(now: Date): string {
  return `runs/${now.toISOString().slice(0, 19).replaceAll(":", "-")}`;
}
