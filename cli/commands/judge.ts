/** `reservex judge`: judges a recorded run again, no services needed. */
import type { Command } from "commander";
import { processEnvironment } from "../../services/common/config.ts";
import type { Run } from "../main.ts";
import { tellResult } from "../run/result.ts";
import { judgeFolder } from "../run/run-folder.ts";
import { jsonOption, summaryOption } from "./options.ts";

export function addJudge(program: Command, run: Run): void {
  program
    .command("judge")
    .description("judge a recorded run again, no services needed")
    .argument("<run>", "the folder of a run")
    .addOption(summaryOption())
    .addOption(jsonOption())
    .action((folder: string, options: { readonly json?: boolean; readonly summary?: string }) =>
      run(
        async ({ output }) =>
          tellResult(output, await judgeFolder(folder, options.summary), processEnvironment()),
        options,
      ),
    );
}
