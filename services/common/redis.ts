/** The only place that knows the Redis client: connecting, running scripts, telling outages from defects. */
import { Cluster, Redis, ReplyError } from "ioredis";
import type { Log } from "./log.ts";
import type { LuaScript } from "./lua.ts";

/** Of a command: later its outcome is unknown. The client may still send it again, see `run`. */
const COMMAND_MS = 2_000;
const CONNECT_MS = 5_000;
/** Between attempts to connect again. */
const SOONEST_RETRY_MS = 50;
const LATEST_RETRY_MS = 1_000;
/** Replies of a server that is there but cannot serve now: loading, failing over, out of memory. */
const NOT_NOW =
  /^(LOADING|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|BUSY|OOM|NOREPLICAS|UNBLOCKED)\b/;
/** PEXPIRETIME and SET … PXAT. */
const OLDEST_VERSION = 7;

/** Redis cannot be reached or did not answer in time: what was asked may have happened. */
export class RedisUnavailable extends Error {
  override name = "RedisUnavailable";
}

export interface RedisOptions {
  /** redis:// or rediss:// */
  readonly url: string;
  /** The URL names one node of a Redis Cluster. */
  readonly cluster?: boolean;
  readonly scripts: readonly LuaScript[];
  readonly log: Log;
}

export interface RedisLink {
  /**
   * Runs a script with one key. Where a connection breaks, the client sends what was under way
   * again: scripts must repeat safely. Rejects with RedisUnavailable, or with what is a defect.
   */
  run(script: string, key: string, args: readonly string[]): Promise<unknown>;
  /** The same, with every text of the reply as bytes. */
  runForBytes(script: string, key: string, args: readonly string[]): Promise<unknown>;
  /** Entries of a stream, oldest first. */
  readStream(key: string, from: string, most: number): Promise<readonly StreamEntry[]>;
  /** Whether it answers now. */
  answers(): Promise<boolean>;
  close(): Promise<void>;
}

export type StreamEntry = readonly [id: string, fields: readonly string[]];

type Command = (key: string, ...args: readonly string[]) => Promise<unknown>;

/**
 * Connects; later outages are survived without a restart. While there is no connection commands are
 * refused at once: whoever waits in line behind an outage would only be served too late.
 * @throws RedisUnavailable in one line when nothing suitable answers at the URL
 */
export async function openRedis(options: RedisOptions): Promise<RedisLink> {
  const client = connect(options);
  let away = false;
  client.on("error", (error: Error) => {
    if (!away) options.log.warn({ err: error.message }, "redis: not reachable; trying again");
    away = true;
  });
  client.on("ready", () => {
    if (away) options.log.info("redis: reachable again");
    away = false;
  });
  for (const { name, source } of options.scripts) {
    client.defineCommand(name, { numberOfKeys: 1, lua: source });
  }
  try {
    await client.connect();
    await checkVersion(client);
  } catch (error) {
    client.disconnect();
    const why = error instanceof Error ? error.message : String(error);
    throw error instanceof RedisUnavailable
      ? error
      : new RedisUnavailable(`no Redis at ${withoutSecret(options.url)}: ${why}`);
  }
  const commands = client as unknown as Readonly<Record<string, Command>>;
  return {
    run: (script, key, args) => asking(commands[script]!.call(client, key, ...args)),
    runForBytes: (script, key, args) =>
      asking(commands[`${script}Buffer`]!.call(client, key, ...args)),
    readStream: (key, from, most) => asking(client.xrange(key, from, "+", "COUNT", most)),
    answers: () => client.ping().then(Boolean, () => false),
    async close() {
      // Without waiting for a server that does not answer.
      await Promise.race([client.quit().catch(() => undefined), after(CONNECT_MS)]);
      client.disconnect();
    },
  };
}

function connect({ url, cluster }: RedisOptions): Redis | Cluster {
  const retry = (times: number) => Math.min(LATEST_RETRY_MS, SOONEST_RETRY_MS * 2 ** (times - 1));
  const each = {
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    autoResendUnfulfilledCommands: true,
    // What is under way is sent again once, then refused.
    maxRetriesPerRequest: 1,
  };
  if (!cluster)
    return new Redis(url, {
      ...each,
      enableOfflineQueue: false,
      lazyConnect: true,
      retryStrategy: retry,
    });
  return new Cluster([url], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retry,
    redisOptions: { ...each, ...tlsAndPassword(url) },
  });
}

/** The other nodes of a cluster are known by address only; how to greet them stands in the URL. */
function tlsAndPassword(url: string) {
  const { username, password, protocol } = new URL(url);
  return {
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(protocol === "rediss:" ? { tls: {} } : {}),
  };
}

async function checkVersion(client: Redis | Cluster): Promise<void> {
  const version = /redis_version:([\d.]+)/.exec(await client.info("server"))?.[1] ?? "unknown";
  if (Number.parseInt(version, 10) >= OLDEST_VERSION) return;
  throw new RedisUnavailable(
    `Redis ${version} is too old: ReserveX needs ${OLDEST_VERSION}.0 or newer`,
  );
}

async function asking<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    const refused = error instanceof ReplyError && !NOT_NOW.test((error as Error).message);
    if (refused) throw error;
    throw new RedisUnavailable(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function withoutSecret(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || 6379}`;
}
