/** Every command of `reservex`, put together. */
import { Command } from "commander";
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
import type { Run } from "./main.ts";
import { VERSION } from "./version.ts";

/** Each command's work goes through `run`. */
export function createProgram(run: Run): Command {
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
