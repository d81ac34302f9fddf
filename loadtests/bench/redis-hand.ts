/** The benchmarks' own hand on Redis: what it uses, and the line of the naive rival. */
import { Redis } from "ioredis";

export type RedisHand = Redis;

export function connectRedis(url: string): RedisHand {
  return new Redis(url);
}

/** Bytes that Redis has allocated, unused pages given back first. */
export async function usedMemoryBytes(redis: RedisHand): Promise<number> {
  // Only jemalloc has it; elsewhere there is nothing to give back.
  await redis.call("MEMORY", "PURGE").catch(() => undefined);
  const info = await redis.info("memory");
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
}

/** Milliseconds of one core that Redis has used since it began. */
export async function redisCpuMs(redis: RedisHand): Promise<number> {
  const seconds = (await redis.info("cpu")).matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm);
  return [...seconds].reduce((sum, found) => sum + Number(found[1]) * 1_000, 0);
}

export async function redisVersion(redis: RedisHand): Promise<string> {
  return /^redis_version:(\S+)/m.exec(await redis.info("server"))?.[1]?.trim() ?? "unknown";
}

/** A sorted set of the members u:1 … u:{count}, in this order. */
export async function fillNaiveLine(redis: RedisHand, key: string, count: number): Promise<void> {
  for (let from = 1; from <= count; from += 1_000) {
    const last = Math.min(count, from + 999);
    const pairs = Array.from({ length: last - from + 1 }, (_, at) => [from + at, `u:${from + at}`]);
    await redis.zadd(key, ...pairs.flat());
  }
}
