/** Requests for each second of processor time: our load engine beside autocannon and k6. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../services/common/servers/programs.ts";
import type { BenchContext, Benchmark } from "./benchmark.ts";
import { measure, resultOf } from "./benchmark.ts";
import { type ChildServer, startChild } from "./child-server.ts";
import { processCpuMs } from "./cpu-clock.ts";
import type { HallSettings } from "./hall-process.ts";
import { CONNECTIONS, drive } from "./http-load.ts";
import type { Block } from "./ratio.ts";
import type { EngineSettings } from "./waiting-crowd.ts";

const CLIENTS = 100_000;
const JOIN_SECONDS = 30;
const UNIT = "requests a CPU second";
const OURS = `our engine: ${CLIENTS} clients with their states, every answer parsed and recorded`;
const POLL = { method: "GET", path: "/queue/1/status", token: "e".repeat(440) } as const;

export const engineAutocannon: Benchmark = {
  name: "engine-autocannon",
  about: "requests per core of our load engine carrying 100,000 clients, beside autocannon",
  async run(context) {
    const stage = await startStage(context);
    const { seconds } = context;
    const blocks = await measure(context, {
      ours: () => engineBlock(stage, seconds),
      autocannon: () => autocannonBlock(stage, seconds),
    });
    const about = aboutOf(context, "engine-autocannon", 0.9, "autocannon, answers not looked at");
    return [resultOf(about, { a: blocks.ours, b: blocks.autocannon })];
  },
};

export const engineK6: Benchmark = {
  name: "engine-k6",
  about: "the same beside k6, where k6 is on PATH",
  async run(context) {
    const k6 = await findProgram("k6", context.environment);
    if (k6 === undefined) {
      context.progress("  skipped: k6 is not on PATH; nothing is said about it");
      return [];
    }
    const stage = await startStage(context);
    const { seconds } = context;
    const blocks = await measure(context, {
      ours: () => engineBlock(stage, seconds),
      k6: () => k6Block(k6, stage, seconds),
    });
    const about = aboutOf(context, "engine-k6", 4, `k6, ${CONNECTIONS} virtual users in a loop`);
    return [resultOf(about, { a: blocks.ours, b: blocks.k6 })];
  },
};

interface Stage {
  readonly hall: ChildServer;
  /** Stopped, as Linux stops a process, but while its own blocks run. */
  readonly engine: ChildServer;
}

/** A server that everyone drives by turns, and an engine whose clients have all joined. */
async function startStage(context: BenchContext): Promise<Stage> {
  // Advice of 0 is read as 0.2 s: more polls fall due than anybody could send.
  const settings: HallSettings = { pollAfterSeconds: 0 };
  const hall = await startChild("hall-process.ts", settings);
  context.parts.defer(() => hall.stop());
  context.progress(`  ${CLIENTS} clients join`);
  const told: EngineSettings = { url: hall.url, clients: CLIENTS, arrivalSeconds: JOIN_SECONDS };
  const engine = await startChild("engine-process.ts", told);
  context.parts.defer(async () => {
    process.kill(engine.pid, "SIGCONT");
    await engine.stop();
  });
  process.kill(engine.pid, "SIGSTOP");
  return { hall, engine };
}

async function engineBlock({ hall, engine }: Stage, seconds: number): Promise<Block> {
  process.kill(engine.pid, "SIGCONT");
  try {
    const cpu = async () => (await engine.usage()).cpuMs;
    return await blockOf(hall, cpu, () => pause(seconds));
  } finally {
    process.kill(engine.pid, "SIGSTOP");
  }
}

async function autocannonBlock({ hall }: Stage, seconds: number): Promise<Block> {
  const requests = Array<typeof POLL>(CONNECTIONS).fill(POLL);
  const { perSecond, generatorCpu } = await drive(hall.url, requests, { seconds });
  return { value: perSecond / generatorCpu, notes: { perSecond, generatorCpu } };
}

async function k6Block(k6: string, { hall }: Stage, seconds: number): Promise<Block> {
  const folder = await mkdtemp(join(tmpdir(), "reservex-bench-k6-"));
  const script = join(folder, "poll.js");
  const params = JSON.stringify({ headers: { authorization: `Bearer ${POLL.token}` } });
  await writeFile(
    script,
    `import http from "k6/http";
export const options = { vus: ${CONNECTIONS}, duration: "${seconds}s" };
export default () => http.get("${hall.url}${POLL.path}", ${params});
`,
  );
  const child = spawn(k6, ["run", "--quiet", "--no-usage-report", script], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let lastCpuMs = 0;
  const look = setInterval(async () => {
    lastCpuMs = (await processCpuMs(child.pid!)) ?? lastCpuMs;
  }, 50);
  try {
    return await blockOf(
      hall,
      async () => lastCpuMs,
      () => exited,
    );
  } finally {
    clearInterval(look);
    await rm(folder, { recursive: true });
  }
}

/** What the server answered meanwhile, for each second of processor time that the asker used. */
async function blockOf(
  hall: ChildServer,
  cpuMs: () => Promise<number>,
  work: () => Promise<void>,
): Promise<Block> {
  const [cpuBefore, countBefore] = [await cpuMs(), await countOf(hall)];
  const began = performance.now();
  await work();
  const elapsedMs = performance.now() - began;
  const [cpuAfter, countAfter] = [await cpuMs(), await countOf(hall)];
  const answered = countAfter - countBefore;
  const perSecond = (answered * 1_000) / elapsedMs;
  const generatorCpu = (cpuAfter - cpuBefore) / elapsedMs;
  return { value: perSecond / generatorCpu, notes: { perSecond, generatorCpu } };
}

async function countOf(hall: ChildServer): Promise<number> {
  const answer = (await (await fetch(`${hall.url}/count`)).json()) as { answered: number };
  return answer.answered;
}

function aboutOf(context: BenchContext, name: string, atLeast: number, rival: string) {
  const { pairs, seconds } = context;
  return {
    name,
    unit: UNIT,
    goal: { atLeast },
    sides: { a: OURS, b: rival },
    settings: {
      server: "bare node:http in a process of its own",
      connections: CONNECTIONS,
      blocks: `${pairs} pairs of ${seconds} s in turns, one more dropped as warm-up, not pinned`,
    },
  };
}

const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
