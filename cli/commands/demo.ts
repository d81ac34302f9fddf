/** `reservex demo`: a stack, a sale, a crowd, a verdict, and nothing left behind. */
import type { Command } from "commander";
import { processEnvironment } from "../../services/common/config.ts";
import { EXIT } from "../exit.ts";
import { listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import type { Output } from "../output.ts";
import { type OwnStack, startOwnStack } from "../run/own-stack.ts";
import { defaultFolder, tellResult } from "../run/result.ts";
import { createRunFolder } from "../run/run-folder.ts";
import { runSaleAndJudge } from "../run/sale-run.ts";
import { addCrowdOptions, type CrowdOptions } from "./options.ts";

/** Sold out after half a minute or so, long before everybody has been let in. */
const DEFAULTS = {
  clients: 2_000,
  stock: 600,
  permitsPerMinute: 1_200,
  arrivalSeconds: 10,
  absent: 10,
  attackers: 2,
  paymentFailure: 10,
  maxSeconds: 300,
};

export function addDemo(program: Command, run: Run): void {
  const command = program
    .command("demo")
    .description("start everything, sell out, judge, stop: one flash sale in the terminal");
  addCrowdOptions(command, DEFAULTS).action((options: CrowdOptions) =>
    run(({ output }) => demo(options, output), options),
  );
}

async function demo(crowd: CrowdOptions, output: Output): Promise<number> {
  const interrupts = listenForInterrupts();
  const folder = await createRunFolder(crowd.out ?? defaultFolder(new Date()));
  let stack: OwnStack | undefined;
  try {
    if (!crowd.quiet) output.progress("starting PostgreSQL and five services …");
    stack = await startOwnStack("demo", {});
    if (interrupts.asked.aborted) return EXIT.unknown;
    const judged = await runSaleAndJudge({
      target: stack.urls,
      adminToken: stack.adminToken,
      crowd,
      folder,
      environment: processEnvironment(),
      interrupts,
    });
    return tellResult(output, judged, processEnvironment());
  } finally {
    await stack?.stop();
    interrupts.stopListening();
  }
}
