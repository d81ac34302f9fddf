/** A Redis of our own on 127.0.0.1, for tests, benchmarks and a single machine. */
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import {
  type HostOptions,
  type RunningServer,
  runServer,
  type ServerKind,
} from "./obtain-server.ts";

export interface RedisOptions extends HostOptions {
  /** Keeps the data here (an append-only file, flushed each second); absent: nothing is kept. */
  readonly dir?: string | undefined;
  /**
   * A Redis Cluster of this one node. It keeps its node file in `dir`, which must be given; its
   * slots are for the caller to assign.
   */
  readonly clusterBusPort?: number;
}

export const REDIS: ServerKind = {
  title: "Redis",
  program: "redis-server",
  aptPackage: "redis-server",
  image: "redis:7",
  imagePort: 6379,
  variable: "REDIS_URL",
  ready: (line) => line.includes("Ready to accept connections"),
};

/**
 * Starts a Redis and waits until it accepts connections.
 * @returns its `redis://` URL; `stop()` ends it
 * @throws ServerUnavailable in one line when that is not possible
 */
export async function startRedis(options: RedisOptions): Promise<RunningServer> {
  const dir = options.dir === undefined ? undefined : resolve(options.dir);
  const server = await runServer(
    {
      kind: REDIS,
      programArgs: (port) => [
        ...["--port", String(port), "--bind", "127.0.0.1", "--daemonize", "no"],
        ...persistence(dir ?? tmpdir(), dir !== undefined),
        ...clusterOf(options.clusterBusPort),
      ],
      imageArgs: ["redis-server", ...persistence("/data", dir !== undefined)],
      mount: dir === undefined ? undefined : { from: dir, to: "/data" },
    },
    options,
  );
  return { ...server, url: `redis://127.0.0.1:${server.port}` };
}

function clusterOf(busPort: number | undefined): string[] {
  if (busPort === undefined) return [];
  return [
    ...["--cluster-enabled", "yes", "--cluster-port", String(busPort)],
    // Clients are told where a slot lies; a node that has met no other does not know its address.
    ...["--cluster-announce-ip", "127.0.0.1"],
  ];
}

/** No snapshots in any case: the append-only file alone is complete. */
function persistence(dir: string, keep: boolean): string[] {
  return ["--dir", dir, "--save", "", "--appendonly", keep ? "yes" : "no"];
}
