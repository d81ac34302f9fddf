/** `reservex simulate`: a crowd against a stack that runs already. */
import type { Command } from "commander";
import type { FaultKind } from "../../loadtests/chaos/faults.ts";
import { type Config, processEnvironment } from "../../services/common/config.ts";
import { type HiredCrew, hireCrew } from "../engine/crew/far/hire-crew.ts";
import { EXIT, usageError } from "../exit.ts";
import { type Interrupts, listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import type { Output } from "../output.ts";
import {
  type DisturbedStack,
  openStackChaos,
  UNDONE_FAULTS,
} from "../run/chaos/running-stack-chaos.ts";
import { socketTuning } from "../run/crowd-sockets.ts";
import { readDialect } from "../run/dialect-file.ts";
import { logIn } from "../run/log-in.ts";
import { withReplay } from "../run/replay-file.ts";
import { defaultFolder, tellResult } from "../run/result.ts";
import { createRunFolder } from "../run/run-folder.ts";
import { runSaleAndJudge, type SaleRun } from "../run/sale-run.ts";
import { adminOf } from "./operator.ts";
import {
  addCrowdOptions,
  type ChaosOption,
  type CrowdOptions,
  chaosOption,
  dataOption,
  whole,
} from "./options.ts";
import { parseTarget, type TargetChoice, targetUrls } from "./target-option.ts";
import { groupName, orVariable, workersAt } from "./worker-options.ts";

interface SimulateOptions extends CrowdOptions, TargetChoice {
  readonly chaos?: ChaosOption;
  readonly workersAt?: string;
  readonly workerGroup: string;
  readonly workerWait: number;
  readonly adminEmail?: string;
  readonly adminPassword?: string;
}

const DEFAULTS = {
  clients: 1_000,
  stock: 300,
  permitsPerMinute: 600,
  arrivalSeconds: 5,
  absent: 0,
  attackers: 0,
  paymentFailure: 0,
  maxSeconds: 1_800,
};

export function addSimulate(program: Command, run: Run): void {
  const command = program
    .command("simulate")
    .description("a sale and a crowd against a running stack, recorded and judged")
    .option(
      "--target <urls>",
      "service=url, comma separated (default: the stack on --data); or FILE of another system",
      parseTarget,
    )
    .option("--admin-email <address>", "an administrator of the target")
    .option("--admin-password <text>", "(or the variable RESERVEX_ADMIN_PASSWORD)")
    .addOption(dataOption())
    .addOption(chaosOption("disturb the stack on --data meanwhile", UNDONE_FAULTS))
    .option(
      "--workers-at <url>",
      orVariable("the --workers are on other machines: started there by reservex worker --join"),
    )
    .option("--worker-group <name>", "workers of this group only", groupName, "default")
    .option("--worker-wait <seconds>", "how long to wait for enough of them", whole(1, 3_600), 30);
  addCrowdOptions(command, DEFAULTS).action((given: SimulateOptions) =>
    run(({ output, config }) => simulate(given, output, config(processEnvironment())), given),
  );
}

async function simulate(given: SimulateOptions, output: Output, config: Config): Promise<number> {
  const environment = processEnvironment();
  const options = await withReplay(given);
  const kinds = faultsFor(options);
  const interrupts = listenForInterrupts();
  const hired = await hire(options, interrupts, output);
  if (interrupts.asked.aborted) return EXIT.unknown;
  let chaos: DisturbedStack | undefined;
  try {
    const aimed = await aim(options, config);
    const { adminToken } = aimed;
    const { data: dataDir, seed, paymentFailure } = options;
    chaos = kinds && (await openStackChaos({ dataDir, kinds, seed, paymentFailure, adminToken }));
    const from = chaos ? { ...aimed, target: chaos.urls } : aimed;
    socketTuning(options, from.target, hired?.fileLimit);
    const folder = await createRunFolder(options.out ?? defaultFolder(new Date()));
    const judged = await runSaleAndJudge({
      ...from,
      crowd: options,
      folder,
      environment,
      interrupts,
      chaos: chaos?.unrest ?? { because: whyCalm(options) },
      ...(hired && { hired }),
    });
    return tellResult(output, judged, environment);
  } finally {
    await hired?.close();
    await chaos?.close();
  }
}

function whyCalm({ target }: SimulateOptions): string {
  return target === undefined
    ? "this run was started without --chaos"
    : "this target is not ours to disturb";
}

/** Asked before anything starts: only what is ours is disturbed, and only so that it can be undone. */
function faultsFor({ chaos, target }: SimulateOptions): readonly FaultKind[] | undefined {
  if (chaos === undefined) return undefined;
  if (target !== undefined)
    throw usageError("--chaos is for the stack on --data, not for --target");
  if (chaos === true) return UNDONE_FAULTS;
  const other = chaos.find((kind) => !UNDONE_FAULTS.includes(kind));
  if (other === undefined) return chaos;
  const can = UNDONE_FAULTS.join(", ");
  throw usageError(`--chaos ${other}: a stack that runs already takes ${can}; see demo --chaos`);
}

/** Before anything is set up: a sale that nobody comes to helps nobody. */
async function hire(
  options: SimulateOptions,
  { asked: signal }: Interrupts,
  output: Output,
): Promise<HiredCrew | undefined> {
  const url = workersAt("--workers-at", options.workersAt);
  if (url === undefined) return undefined;
  const { workers: count, workerGroup: group, workerWait: waitSeconds, clients } = options;
  if (count > clients) throw usageError(`--workers ${count}: more than --clients ${clients}`);
  const hired = await hireCrew({ url, group, count, waitSeconds, signal });
  if (hired && !options.quiet) output.progress(`workers: ${hired.names.join(", ")}`);
  return hired;
}

/** What to run against: ReserveX as its administrator, or another system as anybody. */
async function aim(
  options: SimulateOptions,
  config: Config,
): Promise<Pick<SaleRun, "target" | "adminToken" | "dialect">> {
  const target = await targetUrls(options, config);
  const { file, ...urls } = options.target ?? {};
  if (file === undefined) {
    const { email, password } = adminOf(options);
    return { target, adminToken: await logIn(target.account, email, password) };
  }
  const dialect = await readDialect(file, urls);
  return { target: { ...target, ...dialect.urls }, adminToken: "", dialect };
}
