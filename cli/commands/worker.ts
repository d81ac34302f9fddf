/** `reservex worker`: drives a share of the clients of runs that are planned on another machine. */
import type { Command } from "commander";
import { hostOf } from "../../services/common/contracts/nats-url.ts";
import { connectNats } from "../engine/crew/far/connect-nats.ts";
import { FarWorker } from "../engine/crew/far/far-worker.ts";
import { EXIT, usageError } from "../exit.ts";
import { aborted, listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import type { Output } from "../output.ts";
import { jsonOption } from "./options.ts";
import { groupName, orVariable, workersAt } from "./worker-options.ts";

interface WorkerOptions {
  readonly join?: string;
  readonly group: string;
  readonly name?: string;
  readonly json?: boolean;
}

export function addWorker(program: Command, run: Run): void {
  program
    .command("worker")
    .description("drive a share of the clients of runs planned elsewhere, one run after another")
    .option("--join <url>", orVariable("NATS server where runs look for workers"))
    .option("--group <name>", "only for runs of this group", groupName, "default")
    .option("--name <text>", "how reports call it (default: host and process id)")
    .addOption(jsonOption())
    .action((options: WorkerOptions) => run(({ output }) => work(options, output), options));
}

async function work({ join, group, name }: WorkerOptions, output: Output): Promise<number> {
  const url = workersAt("--join", join);
  if (url === undefined) throw usageError(orVariable("--join nats://HOST:4222 is needed"));
  const interrupts = listenForInterrupts();
  const nats = await connectNats(url, "reservex worker");
  try {
    const say = output.progress;
    const worker = new FarWorker(nats, { group, say, ...(name !== undefined && { name }) });
    await nats.flush();
    output.progress(`${worker.name} at ${hostOf(url)} (group ${group}), waiting for a run`);
    await aborted(interrupts.asked);
    await worker.close();
    output.document({ worker: worker.name, runs: worker.runs });
    return EXIT.valid;
  } finally {
    await nats.close();
    interrupts.stopListening();
  }
}
