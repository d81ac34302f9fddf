/** A Redis of a test file's own, and stores on it that keep a given time. */
import { Redis } from "ioredis";
import { processEnvironment } from "../../common/config.ts";
import { createLog } from "../../common/log.ts";
import type { RunningServer } from "../../common/servers/obtain-server.ts";
import { startRedis } from "../../common/servers/redis-server.ts";
import {
  type ControlledClock,
  type StoreOptions,
  USUAL_SETTINGS,
} from "../conformance/conformance.ts";
import { openRedisWaitingRoom, type RedisWaitingRoom } from "../redis/redis-waiting-room.ts";

export interface RedisStoreOptions extends StoreOptions {
  readonly outageMs?: number;
}

export interface RedisStage {
  readonly url: string;
  /** For looking behind the store's back. */
  readonly client: Redis;
  /**
   * On an empty database (0 unless given), a day ahead of real time: keys must end by the given
   * time, not by Redis'.
   */
  openEmpty(
    options?: StoreOptions,
    database?: number,
  ): Promise<{ store: RedisWaitingRoom; clock: ControlledClock }>;
  /** One more store, as another process would have it. */
  open(
    clock: ControlledClock | undefined,
    options?: RedisStoreOptions,
    database?: number,
  ): Promise<RedisWaitingRoom>;
  stop(): Promise<void>;
}

export async function startRedisStage(): Promise<RedisStage> {
  const server: RunningServer = await startRedis({
    environment: processEnvironment(),
    log: () => {},
  });
  const client = new Redis(server.url);
  const open = (
    clock: ControlledClock | undefined,
    options: RedisStoreOptions = {},
    database: number = 0,
  ) =>
    openRedisWaitingRoom({
      url: `${server.url}/${database}`,
      settings: { ...USUAL_SETTINGS, ...options.settings },
      waitingTtlSeconds: options.waitingTtlSeconds ?? 1_800,
      ...(options.mostWaiting === undefined ? {} : { mostWaiting: options.mostWaiting }),
      ...(clock ? { givenClock: clock } : {}),
      ...(options.outageMs === undefined ? {} : { outageMs: options.outageMs }),
      log: createLog("fatal"),
    });
  return {
    url: server.url,
    client,
    open,
    async openEmpty(options, database = 0) {
      await client.multi().select(database).flushdb().select(0).exec();
      const clock = controlledClock(Date.now() + 86_400_000);
      return { store: await open(clock, options, database), clock };
    },
    async stop() {
      client.disconnect();
      await server.stop();
    },
  };
}

export function controlledClock(startMs: number): ControlledClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
