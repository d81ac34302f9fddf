/** What a poll costs in a line of a million, against one in a line of a thousand; and Redis' memory. */

import { Batcher } from "../../services/common/batcher.ts";
import { habitOf } from "../../services/queue/advice.ts";
import type { RedisWaitingRoom } from "../../services/queue/redis/redis-waiting-room.ts";
import type { Poll, Polled } from "../../services/queue/waiting-room-store.ts";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { judged, measure, resultOf } from "./benchmark.ts";
import { loadSettings, pollBlock } from "./poll.ts";
import {
  checkAnswer,
  fillLine,
  pollerIds,
  pollsOf,
  startQueueStage,
  startRedisStage,
} from "./queue-bench-stage.ts";
import { type Block, median } from "./ratio.ts";
import { usedMemoryBytes } from "./redis-hand.ts";

const LONG = { eventId: 1, waiting: 1_000_000, pollers: 1_000 };
const SHORT = { eventId: 2, waiting: 1_000, pollers: 1_000 };
/** The long line's memory is read here too. */
const FIRST_READING = 100_000;
const CALLERS = 64;
const LARGEST_BATCH = 512;
const MOST_BYTES = 250;

export const pollScale: Benchmark = {
  name: "poll-scale",
  about: "cost of a poll with 1,000,000 waiting against 1,000, and bytes per waiting client",
  run: runPollScale,
};

async function runPollScale(context: BenchContext): Promise<readonly Result[]> {
  const redis = await startRedisStage(context);
  const { issuer, queue } = await startQueueStage(context, redis.url);
  // Whatever the first client of any line brings with it is not counted as this line's.
  await fillLine(redis.store, SHORT.eventId, 1, SHORT.waiting);
  const empty = await usedMemoryBytes(redis.hand);
  context.progress(`  ${LONG.waiting} clients join`);
  await fillLine(redis.store, LONG.eventId, 1, FIRST_READING);
  const some = await usedMemoryBytes(redis.hand);
  await fillLine(redis.store, LONG.eventId, FIRST_READING + 1, LONG.waiting);
  const all = await usedMemoryBytes(redis.hand);

  const long = await pollsOf(issuer, LONG);
  const short = await pollsOf(issuer, SHORT);
  await checkAnswer(queue, long[LONG.pollers / 2]!, LONG.waiting / 2);
  await checkAnswer(queue, short[SHORT.pollers / 2]!, SHORT.waiting / 2);
  const { seconds } = context;
  const http = await measure(context, {
    "1,000,000 over HTTP": async () =>
      timePerPoll(await pollBlock(queue, redis.hand, long, seconds)),
    "1,000 over HTTP": async () => timePerPoll(await pollBlock(queue, redis.hand, short, seconds)),
  });
  const store = await measure(context, {
    "1,000,000 at the store": () => storeBlock(redis.store, LONG, seconds),
    "1,000 at the store": () => storeBlock(redis.store, SHORT, seconds),
  });
  const common = {
    unit: "µs per poll",
    sides: { a: `${LONG.waiting} waiting`, b: `${SHORT.waiting} waiting` },
    settings: {
      ...redis.settings,
      line: "one queue process and one Redis for both lines, nobody admitted",
    },
  };
  return [
    resultOf(
      {
        ...common,
        name: "poll-scale",
        goal: { atMost: 1.5 },
        settings: { ...loadSettings(context), ...common.settings, clients: LONG.pollers },
      },
      { a: http["1,000,000 over HTTP"], b: http["1,000 over HTTP"] },
    ),
    resultOf(
      {
        ...common,
        name: "poll-scale-store",
        settings: { ...common.settings, callers: `${CALLERS} at once, batched as by the service` },
      },
      { a: store["1,000,000 at the store"], b: store["1,000 at the store"] },
    ),
    memoryResult(
      { few: (some - empty) / FIRST_READING, many: (all - empty) / LONG.waiting },
      redis.settings,
    ),
  ];
}

/** Elapsed time over polls answered, of a server that is never idle. */
function timePerPoll({ value, notes }: Block): Block {
  return { value: 1e6 / value, ...(notes ? { notes } : {}) };
}

/** Callers that poll again as soon as they are answered. */
async function storeBlock(
  store: RedisWaitingRoom,
  { eventId, waiting, pollers }: typeof LONG,
  seconds: number,
): Promise<Block> {
  const polls = new Batcher<Poll, Polled>((batch) => store.poll(batch), LARGEST_BATCH);
  const clients = pollerIds(waiting, pollers).map((id): Poll => {
    const clientId = String(id);
    return { eventId, clientId, habit: habitOf(eventId, clientId), opensAtMs: undefined };
  });
  const began = performance.now();
  const end = began + seconds * 1_000;
  let done = 0;
  let next = 0;
  const caller = async () => {
    while (performance.now() < end) {
      const client = clients[next++ % clients.length]!;
      const { result } = await polls.ask(client);
      if (result !== "waiting") throw new Error(`client ${client.clientId} was ${result}`);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return { value: ((performance.now() - began) * 1_000) / done };
}

/** Not a ratio of two variants: the greater of two readings against what a client may cost. */
function memoryResult(bytes: { few: number; many: number }, settings: Result["settings"]): Result {
  const readings = [bytes.few, bytes.many];
  const ratio = Math.max(...readings);
  return {
    name: "redis-memory",
    ratio,
    ...judged(ratio, { atMost: MOST_BYTES }),
    a: bytes.few,
    b: bytes.many,
    spread: { min: Math.min(...readings), max: ratio },
    unit: "B per waiting client",
    noisy: false,
    settings: {
      A: `${FIRST_READING} waiting`,
      B: `${LONG.waiting} waiting`,
      ratio: "the greater of A and B",
      how: "INFO used_memory after MEMORY PURGE, less what was used before the line; numeric ids",
      ...settings,
    },
    notes: { "mean of both": median(readings) },
  };
}
