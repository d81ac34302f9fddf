/** Our load engine with a crowd in line, watched by its dashboard or by nobody, block by block. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import { type RunHandle, runSale } from "../../cli/engine/engine.ts";
import type { FrameTime } from "../../cli/tui/dashboard.ts";
import { startRemoteDashboard } from "../../cli/tui/remote-dashboard.ts";
import { processEnvironment } from "../../services/common/config.ts";
import { processCpuMs } from "./cpu-clock.ts";
import { crowdPlan, type EngineSettings, everybodyHas } from "./waiting-crowd.ts";

export type ToEngine = { readonly watched: boolean; readonly seconds: number };

/** What one block came to. */
export interface WatchedBlock {
  readonly sendLagP99Ms: number;
  readonly requestsPerSecond: number;
  /** Empty where nobody watched. */
  readonly frames: readonly FrameTime[];
  /** Each view: made, put into words and handed over, on the engine's own thread. */
  readonly viewMs: readonly number[];
  readonly dashboardCpuShare: number;
}

export type FromEngine = { readonly ready: true } | { readonly block: WatchedBlock };

const SIZE = { columns: 120, rows: 40 };

const folder = await mkdtemp(join(tmpdir(), "reservex-bench-dashboard-"));
const nowhere = await open("/dev/null", "w");
const stop = new AbortController();
const settings = JSON.parse(process.argv[2] ?? "{}") as EngineSettings;
const run = runSale(
  crowdPlan(settings),
  { historyPath: join(folder, "history.ndjson") },
  stop.signal,
);
const say = (message: FromEngine) => void process.send?.(message);

process.on("message", (message: ToEngine) => void measure(message).then((block) => say({ block })));
process.once("disconnect", async () => {
  stop.abort();
  await run.done;
  await nowhere.close();
  await rm(folder, { recursive: true });
});
await everybodyHas("join", run, settings.clients);
say({ ready: true });

async function measure({ watched, seconds }: ToEngine): Promise<WatchedBlock> {
  const viewMs: number[] = [];
  const frames: FrameTime[] = [];
  const drawing = Promise.withResolvers<void>();
  const dashboard = watched ? watch(viewMs, frames, drawing.resolve) : undefined;
  if (dashboard !== undefined) await drawing.promise;
  frames.length = 0;
  viewMs.length = 0;
  const before = await reading(run, dashboard?.pid);
  await wait(seconds * 1_000);
  const after = await reading(run, dashboard?.pid);
  const seen = { frames: [...frames], viewMs: [...viewMs] };
  await dashboard?.stop();
  // Both hold everything since the beginning; their difference is this block.
  after.sendLag.subtract(before.sendLag);
  return {
    sendLagP99Ms: after.sendLag.getValueAtPercentile(99) / 1_000,
    requestsPerSecond: after.sendLag.totalCount / seconds,
    ...seen,
    dashboardCpuShare: (after.cpuMs - before.cpuMs) / (after.atMs - before.atMs),
  };
}

function watch(viewMs: number[], frames: FrameTime[], drawing: () => void) {
  return startRemoteDashboard({
    getSnapshot: () => {
      const began = performance.now();
      // Runs as soon as the view has been sent: both happen in one turn of the event loop.
      queueMicrotask(() => viewMs.push(performance.now() - began));
      return run.snapshot();
    },
    color: true,
    environment: processEnvironment(),
    onInterrupt: () => undefined,
    onWish: () => undefined,
    canvas: { fd: nowhere.fd, ...SIZE },
    onFrames: (more) => {
      frames.push(...more);
      if (more.length > 0) drawing();
    },
  });
}

async function reading(handle: RunHandle, pid: number | undefined) {
  const cpuMs = pid === undefined ? 0 : await processCpuMs(pid);
  const sendLag = decodeFromCompressedBase64(handle.meters().sendLag, 32);
  return { sendLag, cpuMs: cpuMs ?? 0, atMs: performance.now() };
}
