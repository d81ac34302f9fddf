/** What a virtual client costs our load engine in memory, all of them in line at once. */
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { resultOf } from "./benchmark.ts";
import { startChild } from "./child-server.ts";
import type { HallSettings } from "./hall-process.ts";
import type { Block } from "./ratio.ts";
import type { EngineSettings } from "./waiting-crowd.ts";

const MANY = 100_000;
const FEW = 1_000;
/** A tenth of a k6 user at its best, which is documented as 1 MB, and a tenth of that again. */
const BUDGET_BYTES = 10_240;
/** So many join a second: quick, and no test of speed. */
const JOINS_PER_SECOND = 4_000;
/** Longer than all need to join; what a client is to ask again it keeps from its first poll on. */
const POLL_SECONDS = 30;

export const engineMemory: Benchmark = {
  name: "engine-memory",
  about: "bytes a virtual client costs the load engine, 100,000 of them in line",
  run: runMemory,
};

async function runMemory(context: BenchContext): Promise<readonly Result[]> {
  const hall: HallSettings = { pollAfterSeconds: POLL_SECONDS };
  const server = await startChild("hall-process.ts", hall);
  context.parts.defer(() => server.stop());
  const few = await peakOf(server.url, FEW);
  const ours: Block[] = [];
  // A peak has little to do with how busy the machine is: two are enough to see that it is one.
  for (const _round of Array(Math.min(2, context.pairs)).keys()) {
    context.interrupted.throwIfAborted();
    context.progress(`  ${MANY} clients join`);
    const many = await peakOf(server.url, MANY);
    const notes = { peakMb: many / 1_048_576, smallRunMb: few / 1_048_576 };
    ours.push({ value: (many - few) / (MANY - FEW), notes });
  }
  const about = {
    name: "engine-memory",
    unit: "bytes a client",
    goal: { atMost: 1 },
    sides: {
      a: `peak of the engine with ${MANY} clients in line, less that with ${FEW}, for each client`,
      b: "what a client may cost",
    },
    settings: {
      clients: MANY,
      token: "440 characters each",
      asked: "each has joined and polled",
      sockets: "shared",
    },
  };
  return [resultOf(about, { a: ours, b: ours.map(() => ({ value: BUDGET_BYTES })) })];
}

async function peakOf(url: string, clients: number): Promise<number> {
  const arrivalSeconds = Math.ceil(clients / JOINS_PER_SECOND);
  const settings: EngineSettings = { url, clients, arrivalSeconds, until: "poll" };
  const engine = await startChild("engine-process.ts", settings);
  try {
    return (await engine.usage()).peakRssBytes;
  } finally {
    await engine.stop();
  }
}
