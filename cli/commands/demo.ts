/** `reservex demo`: a stack, a sale, a crowd, a verdict, and nothing left behind. */
import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { type Config, processEnvironment } from "../../services/common/config.ts";
import { SERVICES } from "../../services/common/contracts/names.ts";
import { addUser, freeServicePorts, removeStackData } from "../../services/stack/access.ts";
import { EXIT } from "../exit.ts";
import { type Interrupts, listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import type { Output } from "../output.ts";
import { type ChildStack, startChildStack } from "../run/child-stack.ts";
import { socketTuning } from "../run/crowd-sockets.ts";
import { withReplay } from "../run/replay-file.ts";
import { defaultFolder, tellResult } from "../run/result.ts";
import { createRunFolder } from "../run/run-folder.ts";
import { logIn, runSaleAndJudge } from "../run/sale-run.ts";
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
    run(({ output, config }) => demo(options, output, config), options),
  );
}

async function demo(
  given: CrowdOptions,
  output: Output,
  config: (environment: NodeJS.ProcessEnv) => Config,
): Promise<number> {
  const crowd = await withReplay(given);
  const interrupts = listenForInterrupts();
  const ports = await freeServicePorts(config(processEnvironment()));
  const urlOf = (service: "queue" | "ticket") => `http://127.0.0.1:${ports[service]}`;
  socketTuning(crowd, { queue: urlOf("queue"), ticket: urlOf("ticket") });
  const environment = demoEnvironment(ports);
  const folder = await createRunFolder(crowd.out ?? defaultFolder(new Date()));
  const dataDir = await mkdtemp(join(tmpdir(), "reservex-demo-"));
  let stack: ChildStack | undefined;
  try {
    if (!crowd.quiet) output.progress("starting PostgreSQL and five services …");
    stack = await startChildStack({ dataDir, environment });
    if (interrupts.asked.aborted) return EXIT.unknown;
    const adminToken = await firstAdmin(stack, config(environment), dataDir);
    const judged = await runSaleAndJudge({
      target: stack.urls,
      adminToken,
      crowd,
      folder,
      environment: processEnvironment(),
      interrupts,
    });
    return tellResult(output, judged, processEnvironment());
  } finally {
    await cleanUp(stack, dataDir, interrupts);
  }
}

/** The child gets its own PostgreSQL and room, whatever this shell is set up for. */
function demoEnvironment(ports: Readonly<Record<string, number>>): NodeJS.ProcessEnv {
  const environment = { ...processEnvironment() };
  for (const name of ["DATABASE_URL", "NATS_URL", "REDIS_URL", "ACCOUNT_URL", "NODE_ENV"]) {
    delete environment[name];
  }
  for (const name of SERVICES) environment[`${name.toUpperCase()}_PORT`] = String(ports[name]);
  return { ...environment, HTTP_HOST: "127.0.0.1", ALLOW_TEST_ACCOUNTS: "true" };
}

async function firstAdmin(stack: ChildStack, config: Config, dataDir: string): Promise<string> {
  const email = "admin@demo.invalid";
  const password = randomBytes(18).toString("base64url");
  await addUser(config, dataDir, { email, password, name: "Demo" }, "ADMIN");
  return logIn(stack.urls.account, email, password);
}

async function cleanUp(
  stack: ChildStack | undefined,
  dataDir: string,
  interrupts: Interrupts,
): Promise<void> {
  await stack?.stop();
  await removeStackData(dataDir);
  interrupts.stopListening();
}
