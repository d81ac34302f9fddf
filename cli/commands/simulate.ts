/** `reservex simulate`: a crowd against a stack that runs already. */
import { type Command, InvalidArgumentError } from "commander";
import { type Config, processEnvironment } from "../../services/common/config.ts";
import { SERVICES } from "../../services/common/contracts/names.ts";
import { stackUrls } from "../../services/stack/access.ts";
import type { TargetUrls } from "../engine/plan.ts";
import { listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import { socketTuning } from "../run/crowd-sockets.ts";
import { withReplay } from "../run/replay-file.ts";
import { defaultFolder, tellResult } from "../run/result.ts";
import { createRunFolder } from "../run/run-folder.ts";
import { logIn, runSaleAndJudge } from "../run/sale-run.ts";
import { adminOf } from "./operator.ts";
import { addCrowdOptions, type CrowdOptions, dataOption } from "./options.ts";

interface SimulateOptions extends CrowdOptions {
  readonly target?: Partial<Record<string, string>>;
  readonly adminEmail?: string;
  readonly adminPassword?: string;
  readonly data: string;
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
      "base URLs, service=url, comma separated (default: the stack on --data, or the usual ports)",
      parseTarget,
    )
    .option("--admin-email <address>", "an administrator of the target")
    .option("--admin-password <text>", "(or the variable RESERVEX_ADMIN_PASSWORD)")
    .addOption(dataOption());
  addCrowdOptions(command, DEFAULTS).action((given: SimulateOptions) =>
    run(async ({ output, config }) => {
      const options = await withReplay(given);
      const environment = processEnvironment();
      const target = await targetUrls(options, config(environment));
      socketTuning(options, target);
      const { email, password } = adminOf(options);
      const interrupts = listenForInterrupts();
      const adminToken = await logIn(target.account, email, password);
      const folder = await createRunFolder(options.out ?? defaultFolder(new Date()));
      const judged = await runSaleAndJudge({
        target,
        adminToken,
        crowd: options,
        folder,
        environment,
        interrupts,
      });
      return tellResult(output, judged, environment);
    }, given),
  );
}

async function targetUrls(options: SimulateOptions, config: Config): Promise<TargetUrls> {
  const known = (await stackUrls(options.data)) ?? {};
  const entries = SERVICES.map((name) => [
    name,
    options.target?.[name] ?? known[name] ?? `http://127.0.0.1:${config.ports[name]}`,
  ]);
  return Object.fromEntries(entries) as unknown as TargetUrls;
}

function parseTarget(text: string): Partial<Record<string, string>> {
  const target: Partial<Record<string, string>> = {};
  for (const part of text.split(",")) {
    const [name = "", ...rest] = part.split("=");
    const url = rest.join("=");
    if (!SERVICES.some((service) => service === name) || !URL.canParse(url)) {
      throw new InvalidArgumentError(
        `"${part}" is not service=url; services are ${SERVICES.join(", ")}`,
      );
    }
    target[name] = url.replace(/\/$/, "");
  }
  return target;
}
