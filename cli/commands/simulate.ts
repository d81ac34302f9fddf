/** `reservex simulate`: a crowd against a stack that runs already. */
import type { Command } from "commander";
import { type Config, processEnvironment } from "../../services/common/config.ts";
import { listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import { socketTuning } from "../run/crowd-sockets.ts";
import { readDialect } from "../run/dialect-file.ts";
import { logIn } from "../run/log-in.ts";
import { withReplay } from "../run/replay-file.ts";
import { defaultFolder, tellResult } from "../run/result.ts";
import { createRunFolder } from "../run/run-folder.ts";
import { runSaleAndJudge, type SaleRun } from "../run/sale-run.ts";
import { adminOf } from "./operator.ts";
import { addCrowdOptions, type CrowdOptions, dataOption } from "./options.ts";
import { parseTarget, type TargetChoice, targetUrls } from "./target-option.ts";

interface SimulateOptions extends CrowdOptions, TargetChoice {
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
    .addOption(dataOption());
  addCrowdOptions(command, DEFAULTS).action((given: SimulateOptions) =>
    run(async ({ output, config }) => {
      const options = await withReplay(given);
      const environment = processEnvironment();
      const from = await aim(options, config(environment));
      socketTuning(options, from.target);
      const interrupts = listenForInterrupts();
      const folder = await createRunFolder(options.out ?? defaultFolder(new Date()));
      const judged = await runSaleAndJudge({
        ...from,
        crowd: options,
        folder,
        environment,
        interrupts,
      });
      return tellResult(output, judged, environment);
    }, given),
  );
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
