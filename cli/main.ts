/** The command line: parse, dispatch, exit code. */
import { Command, CommanderError } from "commander";
import { readConfig } from "../services/common/config.ts";
import { addBench } from "./commands/bench.ts";
import { addCapacity } from "./commands/capacity.ts";
import { addCompare } from "./commands/compare.ts";
import { addCrash } from "./commands/crash.ts";
import { addDemo } from "./commands/demo.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEvent } from "./commands/event.ts";
import { addJudge } from "./commands/judge.ts";
import { addLoad } from "./commands/load.ts";
import { addPayment } from "./commands/payment.ts";
import { addProduct } from "./commands/product.ts";
import { addQueue } from "./commands/queue.ts";
import { addRepl } from "./commands/repl.ts";
import { addReservation } from "./commands/reservation.ts";
import { addSaga } from "./commands/saga.ts";
import { addSelftest } from "./commands/selftest.ts";
import { addSimulate } from "./commands/simulate.ts";
import { addUp } from "./commands/up.ts";
import { addUser } from "./commands/user.ts";
import { addWorker } from "./commands/worker.ts";
import { EXIT, endProcess, explain } from "./exit.ts";
import { createOutput, type Output } from "./output.ts";
import { VERSION } from "./version.ts";

/** What every command gets; it returns the exit code. */
export interface CommandContext {
  readonly output: Output;
  readonly config: typeof readConfig;
}

/** Wraps a command's work: its exit code, or one line of what went wrong. */
export type Run = (
  work: (context: CommandContext) => Promise<number>,
  options: { readonly json?: boolean | undefined },
) => Promise<void>;

const run: Run = async (work, options) => {
  const output = createOutput(options.json === true);
  try {
    endProcess(await work({ output, config: readConfig }));
  } catch (error) {
    const { exitCode, line } = explain(error);
    output.progress(`reservex: ${line}`);
    output.document({ error: line, exitCode });
    endProcess(exitCode);
  }
};

function program(): Command {
  const reservex = new Command("reservex")
    .description("A flash-sale platform, and the load tester that proves what it saw.")
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError("(add --help for the options)")
    .addHelpText(
      "after",
      `
Exit codes: 0 every promise valid · 1 a promise broken · 2 unknown · 3 the run is invalid
            64 wrong usage · 69 something needed is not there`,
    );
  for (const add of [
    addDemo,
    addUp,
    addSimulate,
    addWorker,
    addJudge,
    addCompare,
    addSelftest,
    addDoctor,
    addUser,
    addEvent,
    addProduct,
    addQueue,
    addReservation,
    addPayment,
    addSaga,
    addRepl,
    addBench,
    addCrash,
    addLoad,
    addCapacity,
  ]) {
    add(reservex, run);
  }
  return reservex;
}

try {
  await program().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version are answers; anything else that commander refuses is wrong usage.
  endProcess(error.exitCode === 0 ? EXIT.valid : EXIT.usage);
}
