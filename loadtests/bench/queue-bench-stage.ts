/** What the queue's benchmarks stand on: a Redis, a token issuer, a queue process, and its store here. */
import { systemClock } from "../../services/common/clock.ts";
import { readConfig } from "../../services/common/config.ts";
import { createLog } from "../../services/common/log.ts";
import { startRedis } from "../../services/common/servers/redis-server.ts";
import type { Sale } from "../../services/queue/admission.ts";
import type { PollHabit } from "../../services/queue/advice.ts";
import {
  openRedisWaitingRoom,
  type RedisRoomOptions,
  type RedisWaitingRoom,
} from "../../services/queue/redis/redis-waiting-room.ts";
import { roomRulesOf } from "../../services/queue/room-rules.ts";
import type { Joining } from "../../services/queue/waiting-room-store.ts";
import type { BenchContext, Settings } from "./benchmark.ts";
import { type ChildServer, startChild } from "./child-server.ts";
import { CONNECTIONS, type LoadRequest } from "./http-load.ts";
import { type Issuer, startIssuer } from "./issuer.ts";
import { connectRedis, redisVersion } from "./redis-hand.ts";

/** As the service batches. */
const LARGEST_BATCH = 512;
const HOUR_MS = 3_600_000;

/** The most patient of clients: nobody counts as absent within the two minutes of a benchmark. */
const PATIENT: PollHabit = { longestSeconds: 60, factor: 1 };

/** A Redis of the benchmark's own, with nothing on its disk. */
export async function startRedisStage({ environment, parts, progress }: BenchContext) {
  const server = await startRedis({ environment, log: progress });
  parts.defer(() => server.stop());
  const hand = connectRedis(server.url);
  parts.defer(() => hand.disconnect());
  const options = roomOptions(server.url);
  const store = await openRedisWaitingRoom(options);
  parts.defer(() => store.close());
  const settings: Settings = {
    redis: `${await redisVersion(hand)}, a process of its own, appendonly no, save off`,
  };
  return { url: server.url, port: server.port, hand, store, options, settings };
}

export interface QueueStage {
  readonly issuer: Issuer;
  readonly queue: ChildServer;
}

/** The queue service in a process of its own, on that Redis. */
export async function startQueueStage(
  { parts }: BenchContext,
  redisUrl: string,
): Promise<QueueStage> {
  const issuer = await startIssuer();
  parts.defer(() => issuer.close());
  const queue = await startChild("queue-process.ts", { accountUrl: issuer.url, redisUrl });
  parts.defer(() => queue.stop());
  return { issuer, queue };
}

/** What any queue process starts with. */
function roomOptions(url: string): RedisRoomOptions {
  return { url, log: createLog("error"), ...roomRulesOf(readConfig({})) };
}

/** Its sale began an hour ago and goes on for another. */
export function saleNow(): Sale {
  const now = systemClock.now();
  return { opensAtMs: now - HOUR_MS, closesAtMs: now + HOUR_MS, cancelled: false };
}

export function joining(eventId: number, clientId: string, sale: Sale): Joining {
  return { eventId, clientId, sale, joinLeadMs: 0, habit: PATIENT };
}

/** Clients `from` … `to`, both included, join a line from which nobody is admitted. */
export async function fillLine(
  store: RedisWaitingRoom,
  eventId: number,
  from: number,
  to: number,
): Promise<void> {
  const sale = saleNow();
  await store.changeSettings(eventId, { paused: true });
  for (let next = from; next <= to; next += LARGEST_BATCH) {
    const size = Math.min(LARGEST_BATCH, to - next + 1);
    const batch = Array.from({ length: size }, (_, at) =>
      joining(eventId, String(next + at), sale),
    );
    const answers = await store.enqueue(batch);
    const refused = answers.find(({ result }) => result !== "waiting");
    if (refused) throw new Error(`a client of event ${eventId} was answered ${refused.result}`);
  }
  const { waiting } = await store.stats(eventId);
  if (waiting !== to) throw new Error(`${waiting} wait for event ${eventId} instead of ${to}`);
}

/** One poll for each of `pollers` clients, spread evenly over a line of `waiting`. */
export async function pollsOf(
  issuer: Issuer,
  { eventId, waiting, pollers }: { eventId: number; waiting: number; pollers: number },
): Promise<readonly LoadRequest[]> {
  return Promise.all(
    pollerIds(waiting, pollers).map(async (id): Promise<LoadRequest> => {
      return { method: "GET", path: `/queue/${eventId}/status`, token: await issuer.token(id) };
    }),
  );
}

/** Every connection gets the same number of them. */
export function pollerIds(waiting: number, pollers: number): readonly number[] {
  if (pollers > waiting || pollers < CONNECTIONS) throw new Error(`${pollers} of ${waiting}`);
  return Array.from({ length: pollers }, (_, at) => 1 + Math.floor((at * waiting) / pollers));
}

/** A fast answer that is wrong would look like a good one: asks once, and reads it. */
export async function checkAnswer(
  server: ChildServer,
  { path, token }: LoadRequest,
  ahead: number,
): Promise<void> {
  const response = await fetch(server.url + path, {
    headers: { authorization: `Bearer ${token}` },
  });
  const text = await response.text();
  const { position = -1 } = JSON.parse(text) as { position?: number };
  // The first of the line are due again within seconds; those who miss that are not counted.
  if (response.status !== 200 || position > ahead || position < ahead - 100) {
    throw new Error(`${path}: ${response.status} ${text}, not position ${ahead}`);
  }
}
