/** Whether the dashboard draws ten frames a second of 100,000 clients, and what the engine pays. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { measure, resultOf } from "./benchmark.ts";
import { startChild } from "./child-server.ts";
import type { FromEngine, ToEngine, WatchedBlock } from "./dashboard-engine-process.ts";
import type { HallSettings } from "./hall-process.ts";
import type { Block } from "./ratio.ts";
import type { EngineSettings } from "./waiting-crowd.ts";

const CLIENTS = 100_000;
const JOINS_PER_SECOND = 4_000;
/** Polls begin as the last have joined, 4,000 a second. */
const POLL_AFTER_SECONDS = 25;
const WANTED = 10;
/** Shorter ones hold too few frames, and too few requests for a 99th percentile. */
const LEAST_SECONDS = 5;

export const dashboard: Benchmark = {
  name: "dashboard",
  about: "frames a second with 100,000 clients in line, and the engine's lateness meanwhile",
  run: runDashboard,
};

async function runDashboard(context: BenchContext): Promise<readonly Result[]> {
  const hall: HallSettings = { pollAfterSeconds: POLL_AFTER_SECONDS };
  const server = await startChild("hall-process.ts", hall);
  context.parts.defer(() => server.stop());
  context.progress(`  ${CLIENTS} clients join`);
  const block = await startEngine(context, server.url);
  const seconds = Math.max(LEAST_SECONDS, context.seconds);
  const blocks = await measure(context, {
    watched: async () => lagBlock(await block({ watched: true, seconds })),
    alone: async () => lagBlock(await block({ watched: false, seconds })),
  });
  const settings = { clients: CLIENTS, pollAfterSeconds: POLL_AFTER_SECONDS, size: "120 × 40" };
  const frames = blocks.watched.map((one) => ({ ...one, value: one.notes?.framesPerSecond ?? 0 }));
  return [
    resultOf(
      {
        name: "dashboard",
        unit: "frames/s",
        // It never draws more often than is wanted; a hundredth is the timers'.
        goal: { atLeast: 0.99 },
        sides: { a: "frames drawn in a process of its own", b: "what is wanted, and the most" },
        settings,
      },
      { a: frames, b: frames.map(() => ({ value: WANTED })) },
    ),
    resultOf(
      {
        name: "dashboard-lag",
        unit: "ms send lag p99",
        sides: { a: "the engine, watched", b: "the same engine, nobody watching" },
        settings,
      },
      { a: blocks.watched.map(({ value }) => ({ value })), b: blocks.alone },
    ),
  ];
}

/** Starts it, and resolves when everybody is in line, with a way to measure a block. */
async function startEngine(
  { parts }: BenchContext,
  url: string,
): Promise<(order: ToEngine) => Promise<WatchedBlock>> {
  const settings: EngineSettings = {
    ...{ url, clients: CLIENTS },
    arrivalSeconds: Math.ceil(CLIENTS / JOINS_PER_SECOND),
  };
  const path = join(import.meta.dirname, "dashboard-engine-process.ts");
  const child = spawn(process.execPath, [path, JSON.stringify(settings)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    detached: true,
  });
  parts.defer(async () => {
    const ended = once(child, "exit");
    if (!child.connected) return;
    child.disconnect();
    await ended;
  });
  const gone = once(child, "exit").then(() => {
    throw new Error("dashboard-engine-process.ts ended by itself");
  });
  // Waited for together with each answer; alone it is no news.
  gone.catch(() => undefined);
  const next = () => Promise.race([once(child, "message"), gone]) as Promise<[FromEngine]>;
  await next();
  return async (order) => {
    child.send(order);
    const [answer] = await next();
    if ("block" in answer) return answer.block;
    throw new Error("the engine answered out of turn");
  };
}

/** The lateness, and of a watched block everything about frames and views. */
function lagBlock({ sendLagP99Ms, frames, viewMs, ...rest }: WatchedBlock): Block {
  const { requestsPerSecond, dashboardCpuShare } = rest;
  const [first, last] = [frames[0], frames.at(-1)];
  if (first === undefined || last === undefined) {
    return { value: sendLagP99Ms, notes: { requestsPerSecond } };
  }
  const spanMs = last.atMs - first.atMs;
  const frameMs = frames.map(({ tookMs }) => tookMs);
  return {
    value: sendLagP99Ms,
    notes: {
      requestsPerSecond,
      framesPerSecond: ((frames.length - 1) / spanMs) * 1_000,
      frameP50Ms: quantile(frameMs, 0.5),
      frameP99Ms: quantile(frameMs, 0.99),
      dashboardCpuPercent: dashboardCpuShare * 100,
      viewP50Ms: quantile(viewMs, 0.5),
      viewP99Ms: quantile(viewMs, 0.99),
      engineThreadPercent: (viewMs.reduce((sum, ms) => sum + ms, 0) / spanMs) * 100,
    },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
