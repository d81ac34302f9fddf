/** Every command of `reservex`, put together. */
import { Command } from "commander";
import type { Run } from "./main.ts";
import { VERSION } from "./version.ts";

type Add = (program: Command, run: Run) => void;

/**
 * In the order of the help. Only the one that is asked for is read: an operator's question would
 * otherwise spend most of its time on the source of servers and load testers.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  demo: async () => (await import("./commands/demo.ts")).addDemo,
  up: async () => (await import("./commands/up.ts")).addUp,
  simulate: async () => (await import("./commands/simulate.ts")).addSimulate,
  worker: async () => (await import("./commands/worker.ts")).addWorker,
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

/** Only the command that is `asked` for, or all where it is none. Each command's work goes through `run`. */
export async function createProgram(run: Run, asked = ""): Promise<Command> {
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
  const names = Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS);
  for (const name of names) (await COMMANDS[name]!())(reservex, run);
  return reservex;
}
