/** Our load engine in a process of its own, with all of its clients in line before it is measured. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSale } from "../../cli/engine/engine.ts";
import { serve } from "./child-side.ts";
import { crowdPlan, type EngineSettings, everybodyHas } from "./waiting-crowd.ts";

await serve<EngineSettings>(async (settings) => {
  const folder = await mkdtemp(join(tmpdir(), "reservex-bench-engine-"));
  const stop = new AbortController();
  const out = { historyPath: join(folder, "history.ndjson") };
  const run = runSale(crowdPlan(settings), out, stop.signal);
  await everybodyHas(settings.until ?? "join", run, settings.clients);
  const close = async () => {
    stop.abort();
    await run.done;
    await rm(folder, { recursive: true });
  };
  // It listens nowhere; there is nothing that could be asked of it but its costs.
  return { port: 0, close };
});
