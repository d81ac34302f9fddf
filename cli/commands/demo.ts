/** `reservex demo`: a stack, a sale, a crowd, a verdict, and nothing left behind. */
import type { Command } from "commander";
import { FAULTS } from "../../loadtests/chaos/faults.ts";
import { processEnvironment } from "../../services/common/config.ts";
import { EXIT } from "../exit.ts";
import { listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import type { Output } from "../output.ts";
import { type Disturbed, openChaosStack } from "../run/chaos/cluster-chaos.ts";
import { ownChaos } from "../run/chaos/demo-chaos.ts";
import { socketTuning } from "../run/crowd-sockets.ts";
import { startOwnStack } from "../run/own-stack.ts";
import { withReplay } from "../run/replay-file.ts";
import { defaultFolder, tellResult } from "../run/result.ts";
import { createRunFolder } from "../run/run-folder.ts";
import { runSaleAndJudge } from "../run/sale-run.ts";
import { addCrowdOptions, type ChaosOption, type CrowdOptions, chaosOption } from "./options.ts";

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

interface DemoOptions extends CrowdOptions {
  readonly chaos?: ChaosOption;
}

export function addDemo(program: Command, run: Run): void {
  const command = program
    .command("demo")
    .description("start everything, sell out, judge, stop: one flash sale in the terminal");
  command.addOption(chaosOption("disturb it meanwhile, in a process a service", FAULTS));
  addCrowdOptions(command, DEFAULTS).action((options: DemoOptions) =>
    run(({ output }) => demo(options, output), options),
  );
}

async function demo(given: DemoOptions, output: Output): Promise<number> {
  const crowd = await withReplay(given);
  const interrupts = listenForInterrupts();
  // Asked before anything starts; the real ports make no difference to the answer.
  socketTuning(crowd, { queue: "http://127.0.0.1:1", ticket: "http://127.0.0.1:2" });
  const folder = await createRunFolder(crowd.out ?? defaultFolder(new Date()));
  let stack: Disturbed | undefined;
  try {
    const { chaos, quiet, seed, paymentFailure } = crowd;
    const what = chaos
      ? "PostgreSQL, Redis, NATS and nine processes"
      : "PostgreSQL and five services";
    if (!quiet) output.progress(`starting ${what} …`);
    const kinds = chaos === true ? FAULTS : chaos;
    stack = kinds
      ? await openChaosStack(kinds, seed, paymentFailure)
      : await calmStack(seed, paymentFailure);
    if (interrupts.asked.aborted) return EXIT.unknown;
    const judged = await runSaleAndJudge({
      target: stack.urls,
      adminToken: stack.adminToken,
      crowd,
      folder,
      environment: processEnvironment(),
      interrupts,
      chaos: stack.chaos,
    });
    return tellResult(output, judged, processEnvironment());
  } finally {
    await stack?.stop();
    interrupts.stopListening();
  }
}

/** Disturbed only if whoever watches asks for it. */
async function calmStack(seed: number, paymentFailure: number): Promise<Disturbed> {
  const stack = await startOwnStack("demo", {});
  return { ...stack, chaos: ownChaos(stack, seed, paymentFailure) };
}
