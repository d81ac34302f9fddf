/** Status polls a second of our queue service, beside servers that do less and one that does more. */
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { measure, resultOf } from "./benchmark.ts";
import { type ChildServer, startChild } from "./child-server.ts";
import { CONNECTIONS, drive, type LoadRequest } from "./http-load.ts";
import {
  checkAnswer,
  fillLine,
  pollsOf,
  startQueueStage,
  startRedisStage,
} from "./queue-bench-stage.ts";
import type { Block } from "./ratio.ts";
import { fillNaiveLine, type RedisHand, redisCpuMs } from "./redis-hand.ts";
import type { RivalSettings } from "./rival-process.ts";

const EVENT = 1;
const WAITING = 100_000;
const POLLERS = 1_024;
const NAIVE_KEY = "naive:z";
const UNIT = "polls/s";

export const poll: Benchmark = {
  name: "poll",
  about: "status polls/s over HTTP, with a bare Fastify route, a naive one and node:http",
  run: runPoll,
};

async function runPoll(context: BenchContext): Promise<readonly Result[]> {
  const redis = await startRedisStage(context);
  const { issuer, queue } = await startQueueStage(context, redis.url);
  const rival = async (settings: RivalSettings) => {
    const server = await startChild("rival-process.ts", settings);
    context.parts.defer(() => server.stop());
    return server;
  };
  const servers = {
    ours: queue,
    fastify: await rival({ kind: "fastify" }),
    naive: await rival({
      kind: "naive",
      accountUrl: issuer.url,
      redisUrl: redis.url,
      key: NAIVE_KEY,
    }),
    nodeHttp: await rival({ kind: "node-http" }),
  };
  context.progress(`  ${WAITING} clients join`);
  await fillLine(redis.store, EVENT, 1, WAITING);
  await fillNaiveLine(redis.hand, NAIVE_KEY, WAITING);
  const polls = await pollsOf(issuer, { eventId: EVENT, waiting: WAITING, pollers: POLLERS });
  for (const server of [servers.ours, servers.naive]) {
    await checkAnswer(server, polls[POLLERS / 2]!, WAITING / 2);
  }
  const block = (server: ChildServer) => pollBlock(server, redis.hand, polls, context.seconds);
  const blocks = await measure(context, {
    ours: () => block(servers.ours),
    fastify: () => block(servers.fastify),
    naive: () => block(servers.naive),
    nodeHttp: () => block(servers.nodeHttp),
  });
  const settings = {
    ...loadSettings(context),
    ...redis.settings,
    line: `${WAITING} waiting, nobody admitted`,
    clients: `${POLLERS}, each with a token of its own`,
  };
  const ours = "queue service: ES256 token, validation, metrics, line in Redis";
  const result = (name: string, b: string, other: readonly Block[], goal?: { atLeast: number }) => {
    const about = { name, unit: UNIT, settings, sides: { a: ours, b } };
    return resultOf({ ...about, ...(goal ? { goal } : {}) }, { a: blocks.ours, b: other });
  };
  const bare = "bare Fastify route, the same JSON, no token, no schema, no store";
  const naive = "Fastify route that verifies by jose and asks ZRANK for each poll";
  return [
    result("poll", bare, blocks.fastify, { atLeast: 0.75 }),
    result("poll-naive", naive, blocks.naive, { atLeast: 10 }),
    result("poll-node-http", "bare node:http, the same JSON", blocks.nodeHttp),
  ];
}

/** Polls a second, and the shares of a core that were used meanwhile. */
export async function pollBlock(
  server: ChildServer,
  redis: RedisHand,
  requests: readonly LoadRequest[],
  seconds: number,
): Promise<Block> {
  const used = async () => [(await server.usage()).cpuMs, await redisCpuMs(redis)] as const;
  const [serverBefore, redisBefore] = await used();
  const began = performance.now();
  const { perSecond, ...load } = await drive(server.url, requests, { seconds });
  const elapsedMs = performance.now() - began;
  const [serverAfter, redisAfter] = await used();
  const serverCpu = (serverAfter - serverBefore) / elapsedMs;
  const redisCpu = (redisAfter - redisBefore) / elapsedMs;
  return { value: perSecond, notes: { ...load, serverCpu, redisCpu } };
}

export function loadSettings({ pairs, seconds }: BenchContext) {
  return {
    generator: `autocannon in the bench process, ${CONNECTIONS} keep-alive connections, no pipelining`,
    blocks: `${pairs} pairs of ${seconds} s in turns, one more dropped as warm-up, not pinned`,
  };
}
