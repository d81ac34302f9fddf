/** A process that drives its share of a run's clients. Ends with its parent. */
import { startClock } from "../clock.ts";
import { type RunHandle, runSale } from "../engine.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** A view is some 10 KB, mostly histograms, and 2 ms to pack. */
const VIEW_EVERY_MS = 500;

const stop = new AbortController();
const gate = Promise.withResolvers<number>();
let handle: RunHandle | undefined;

process.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "run":
      void drive(message);
      return;
    case "open":
      gate.resolve(message.atMs);
      return;
    case "change":
      handle?.carryOut(message.change);
      return;
    case "stop":
      stop.abort();
      return;
  }
});
// The channel keeps this process alive: a parent that is gone ends the run and with it everything.
process.on("disconnect", () => stop.abort());

async function drive(told: Extract<ToWorker, { type: "run" }>): Promise<void> {
  const { plan, historyPath, originNs } = told;
  const ready = () => tell({ type: "ready" });
  try {
    const run = runSale(plan, { historyPath }, stop.signal, {
      clock: startClock(BigInt(originNs)),
      gate: { ready, opens: gate.promise },
    });
    handle = run;
    const view = () => ({ snapshot: run.snapshot(), meters: run.meters() });
    const timer = setInterval(() => tell({ type: "view", view: view() }), VIEW_EVERY_MS);
    const { reason, operations, tester } = await run.done.finally(() => clearInterval(timer));
    tell({ type: "done", result: { reason, operations, tester, ...view() } });
  } catch (error) {
    tell({ type: "failed", because: error instanceof Error ? error.message : String(error) });
  }
}

function tell(message: FromWorker): void {
  // The callback takes the error of a parent that has just gone.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
