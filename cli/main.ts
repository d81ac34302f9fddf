/** The command line: parse, dispatch, exit code. */
import { Command, CommanderError } from "commander";
import { readConfig } from "../services/common/config.ts";
import { EXIT, endProcess, explain } from "./exit.ts";
import { createOutput, type Output } from "./output.ts";

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

type Add = (program: Command, run: Run) => void;

/**
 * In the order of the help. Only the one that is asked for is read: an operator's question would
 * otherwise spend most of its time on the source of servers and load testers.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  demo: async () => (await import("./commands/demo.ts")).addDemo,
  up: async () => (await import("./commands/up.ts")).addUp,
  simulate: async () => (await import("./commands/simulate.ts")).addSimulate,
  judge: async () => (await import("./commands/judge.ts")).addJudge,
  compare: async () => (await import("./commands/compare.ts")).addCompare,
  selftest: async () => (await import("./commands/selftest.ts")).addSelftest,
  doctor: async () => (await import("./commands/doctor.ts")).addDoctor,
  user: async () => (await import("./commands/user.ts")).addUser,
  event: async () => (await import("./commands/event.ts")).addEvent,
  product: async () => (await import("./commands/product.ts")).addProduct,
  queue: async () => (await import("./commands/queue.ts")).addQueue,
  reservation: async () => (await import("./commands/reservation.ts")).addReservation,
  payment: async () => (await import("./commands/payment.ts")).addPayment,
  saga: async () => (await import("./commands/saga.ts")).addSaga,
  repl: async () => (await import("./commands/repl.ts")).addRepl,
  bench: async () => (await import("./commands/bench.ts")).addBench,
  crash: async () => (await import("./commands/crash.ts")).addCrash,
  load: async () => (await import("./commands/load.ts")).addLoad,
  capacity: async () => (await import("./commands/capacity.ts")).addCapacity,
};

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

async function program(): Promise<Command> {
  const reservex = new Command("reservex")
    .description("A flash-sale platform, and the load tester that proves what it saw.")
    .version("0.1.0")
    .exitOverride()
    .showHelpAfterError("(add --help for the options)")
    .addHelpText(
      "after",
      `
Exit codes: 0 every promise valid · 1 a promise broken · 2 unknown · 3 the run is invalid
            64 wrong usage · 69 something needed is not there`,
    );
  const asked = process.argv[2] ?? "";
  const names = Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS);
  for (const name of names) (await COMMANDS[name]!())(reservex, run);
  return reservex;
}

try {
  await (await program()).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version are answers; anything else that commander refuses is wrong usage.
  endProcess(error.exitCode === 0 ? EXIT.valid : EXIT.usage);
}
