/** Joins a second at the store, against Redis running the very same script for one client a call. */

import { Batcher } from "../../services/common/batcher.ts";
import { UnavailableError } from "../../services/common/errors.ts";
import { findProgram, runProgram } from "../../services/common/servers/programs.ts";
import {
  type RedisRoomOptions,
  RedisWaitingRoom,
} from "../../services/queue/redis/redis-waiting-room.ts";
import { waitingRoomScripts } from "../../services/queue/redis/scripts.ts";
import type { Joined, Joining } from "../../services/queue/waiting-room-store.ts";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { measure, resultOf } from "./benchmark.ts";
import { CONNECTIONS, drive, type LoadRequest } from "./http-load.ts";
import { loadSettings } from "./poll.ts";
import { joining, saleNow, startQueueStage, startRedisStage } from "./queue-bench-stage.ts";
import type { Block } from "./ratio.ts";

const CALLERS = 64;
const LARGEST_BATCH = 512;
const PROGRAM = "redis-benchmark";
/** Calls of the first block, which only finds out how many fill the time. */
const FIRST_CALLS = 20_000;
/** redis-benchmark draws client ids below this: of 200,000 about 20 would be drawn twice. */
const ID_RANGE = 1_000_000_000;
/** Clients joined over HTTP in one block. */
const HTTP_JOINS = 64_000;

export const join: Benchmark = {
  name: "join",
  about: "joins/s at the store, 64 callers, with redis-benchmark running the same script",
  programs: { [PROGRAM]: "redis-tools" },
  run: runJoin,
};

type Stage = Awaited<ReturnType<typeof startRedisStage>>;

async function runJoin(context: BenchContext): Promise<readonly Result[]> {
  const redis = await startRedisStage(context);
  const program = await findProgram(PROGRAM, context.environment);
  if (!program) throw new UnavailableError(`${PROGRAM} is not installed`);
  const script = await loadJoinScript(redis);
  let event = 0;
  /** Each block has a line of its own, on an empty Redis. */
  const onEmptyLine = async (block: (eventId: number) => Promise<Block>) => {
    await redis.hand.flushall();
    event += 1;
    return block(event);
  };
  let calls = FIRST_CALLS;
  const blocks = await measure(context, {
    store: () => onEmptyLine((eventId) => storeBlock(redis, eventId, context.seconds)),
    script: () =>
      onEmptyLine(async (eventId) => {
        const args = await script.argsFor(eventId);
        const options = { port: redis.port, calls, environment: context.environment };
        const block = await benchmarkBlock(program, args, options);
        const { waiting } = await redis.store.stats(eventId);
        calls = Math.round(block.value * context.seconds);
        return { ...block, notes: { ...block.notes, waiting } };
      }),
  });
  const settings = {
    ...redis.settings,
    blocks: loadSettings(context).blocks,
    line: "empty at the start of each block",
  };
  const http = await httpJoins(context, redis.url);
  return [
    resultOf(
      {
        name: "join",
        unit: "joins/s",
        goal: { atLeast: 0.5 },
        sides: {
          a: `the store by ${CALLERS} callers through the service's batcher; only who is in line counts`,
          b: `${PROGRAM} -c ${CALLERS}, EVALSHA of the same script, one client a call, no pipelining`,
        },
        settings,
        notes: { "joins/s over HTTP, for information": http },
      },
      { a: blocks.store, b: blocks.script },
    ),
  ];
}

/** Callers that join, each time as somebody new. */
async function storeBlock({ store }: Stage, eventId: number, seconds: number): Promise<Block> {
  const joins = new Batcher<Joining, Joined>((batch) => store.enqueue(batch), LARGEST_BATCH);
  const sale = saleNow();
  const began = performance.now();
  const end = began + seconds * 1_000;
  let next = 0;
  const caller = async () => {
    while (performance.now() < end) {
      next += 1;
      const { result } = await joins.ask(joining(eventId, String(next), sale));
      if (result !== "waiting") throw new Error(`a client was answered ${result}`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const elapsedMs = performance.now() - began;
  const { waiting } = await store.stats(eventId);
  return { value: (waiting * 1_000) / elapsedMs, notes: { answered: next, waiting } };
}

/** The script in Redis, and the arguments that the store itself gives it for one client. */
async function loadJoinScript({ hand, options }: Stage) {
  const source = waitingRoomScripts().find(({ name }) => name === "enqueue")?.source ?? "";
  const sha = String(await hand.script("LOAD", source));
  return {
    async argsFor(eventId: number): Promise<readonly string[]> {
      const call = await overheard(options, (store) =>
        store.enqueue([joining(eventId, "__rand_int__", saleNow())]),
      );
      return ["EVALSHA", sha, "1", call.key, ...call.args];
    },
  };
}

/** What a store would send for `ask`: written down instead of sent. */
async function overheard(
  options: RedisRoomOptions,
  ask: (store: RedisWaitingRoom) => Promise<unknown>,
): Promise<{ readonly key: string; readonly args: readonly string[] }> {
  let heard: { key: string; args: readonly string[] } | undefined;
  const store = new RedisWaitingRoom(
    {
      run: async (_script, key, args) => {
        heard = { key, args };
        return ["joined", "", [["full"]]];
      },
      runForBytes: () => Promise.reject(new Error("not of a join")),
      readStream: async () => [],
      answers: async () => true,
      close: async () => undefined,
    },
    options,
  );
  await ask(store);
  if (!heard) throw new Error("the store sent nothing");
  return heard;
}

async function benchmarkBlock(
  program: string,
  args: readonly string[],
  options: { port: number; calls: number; environment: NodeJS.ProcessEnv },
): Promise<Block> {
  const { port, calls, environment } = options;
  const limits = ["-c", String(CALLERS), "-n", String(calls), "-r", String(ID_RANGE)];
  const run = await runProgram(
    program,
    ["-h", "127.0.0.1", "-p", String(port), ...limits, "--csv", ...args],
    { environment, timeoutMs: 300_000 },
  );
  const numbers = csvNumbers(run.stdout);
  if (run.code !== 0 || !numbers) throw new Error(`${PROGRAM}: ${run.stderr || run.stdout}`);
  return { value: numbers.perSecond, notes: { p50Ms: numbers.p50Ms, p99Ms: numbers.p99Ms } };
}

/** Its last line: "test","rps","avg","min","p50","p95","p99","max", where the test has quotes too. */
export function csvNumbers(
  text: string,
): { perSecond: number; p50Ms: number; p99Ms: number } | undefined {
  const cells = text.trimEnd().split("\n").at(-1)?.split(",").slice(-7) ?? [];
  const numbers = cells.map((cell) => Number(cell.replaceAll('"', "")));
  if (numbers.length < 7 || numbers.some(Number.isNaN)) return undefined;
  return { perSecond: numbers[0]!, p50Ms: numbers[3]!, p99Ms: numbers[5]! };
}

/** Every client once; an administrator may act for any of them, so one token does. */
async function httpJoins(context: BenchContext, redisUrl: string): Promise<number> {
  const { issuer, queue } = await startQueueStage(context, redisUrl);
  const token = await issuer.token(1, "ADMIN");
  const requests = Array.from({ length: HTTP_JOINS }, (_, at): LoadRequest => {
    return { method: "POST", path: `/queue/999999/enqueue?clientId=${at + 1}`, token };
  });
  context.progress(`  joining over HTTP, ${CONNECTIONS} connections`);
  const { perSecond } = await drive(queue.url, requests, { amount: HTTP_JOINS });
  return perSecond;
}
