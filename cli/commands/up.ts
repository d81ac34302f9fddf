/** `reservex up`: runs services until interrupted. */
import { type Command, InvalidArgumentError } from "commander";
import { SERVICES, type ServiceName } from "../../services/common/contracts/names.ts";
import { removeStackData } from "../../services/stack/access.ts";
import { startStack } from "../../services/stack/stack.ts";
import { CommandError, EXIT } from "../exit.ts";
import { aborted, listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import { dataOption, jsonOption } from "./options.ts";

interface UpOptions {
  readonly services: readonly ServiceName[];
  readonly data: string;
  readonly temporary?: boolean;
  readonly json?: boolean;
}

export function addUp(program: Command, run: Run): void {
  program
    .command("up")
    .description("run services until interrupted (all of them by default)")
    .option("--services <names>", `some of ${SERVICES.join(",")}`, parseServices, [...SERVICES])
    .addOption(dataOption())
    .option(
      "--temporary",
      "delete the data folder at the end, and do not wait for the disk until then",
    )
    .addOption(jsonOption())
    .action((options: UpOptions) =>
      run(async ({ output, config }) => {
        const interrupts = listenForInterrupts();
        // Started by another command of ours: when that one is gone, so are we.
        process.once("disconnect", interrupts.interrupt);
        const stack = await startStack({
          config: config(),
          services: options.services,
          dataDir: options.data,
          durable: options.temporary !== true,
        });
        const lines = Object.entries(stack.urls).map(([name, url]) => `  ${name.padEnd(8)} ${url}`);
        output.result(`ReserveX is up, Ctrl-C stops it\n${lines.sort().join("\n")}`);
        output.document({ status: "up", pid: process.pid, urls: stack.urls });
        const lost = await Promise.race([aborted(interrupts.asked), stack.lost]);
        // A second Ctrl-C does not wait for requests to end.
        await Promise.race([stack.stop(), aborted(interrupts.insisted)]);
        if (options.temporary) await removeStackData(options.data);
        if (lost) throw new CommandError(EXIT.unavailable, lost);
        return EXIT.valid;
      }, options),
    );
}

function parseServices(text: string): ServiceName[] {
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!SERVICES.includes(name as ServiceName)) {
      throw new InvalidArgumentError(`"${name}" is none of ${SERVICES.join(", ")}`);
    }
  }
  return [...new Set(names as ServiceName[])];
}
