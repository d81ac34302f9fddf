/** PostgreSQL, Redis and NATS that can be killed with SIGKILL and come back on their folder and port. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../services/common/servers/embedded-postgres.ts";
import { startNats } from "../../services/common/servers/nats-server.ts";
import { startRedis } from "../../services/common/servers/redis-server.ts";

export const SERVERS = ["postgres", "redis", "nats"] as const;
export type ServerName = (typeof SERVERS)[number];

interface Running {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

export interface MortalServer {
  readonly name: ServerName;
  /** As on the first start: its port stays the same. */
  readonly url: string;
  readonly port: number;
  /** SIGKILL, then a start on what is on the disk. `wiped`: on nothing. Resolves when it is ready. */
  killAndRestart(how: { readonly wiped: boolean }): Promise<void>;
  /** Ends it and deletes its folder. */
  remove(): Promise<void>;
}

export interface ServerPlace {
  /** Of the whole run; each server has a folder in it. */
  readonly dir: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (server: ServerName, line: string) => void;
}

/**
 * Before it recovers, PostgreSQL syncs what its last life wrote: file by file, a thousand of them,
 * 2 s of a quiet machine and up to 10 of a busy one. The same by one call for the file system,
 * which Linux alone has.
 */
const QUICK_RECOVERY: Readonly<Record<string, string>> =
  process.platform === "linux" ? { recovery_init_sync_method: "syncfs" } : {};

/** Everything reaches the disk as in production: fsync on, append-only file, JetStream's store. */
export async function startServer(name: ServerName, place: ServerPlace): Promise<MortalServer> {
  const dir = join(place.dir, name);
  await mkdir(dir, { recursive: true });
  const start = starterOf(name, dir, place);
  let running = await start(0);
  const { url, port } = running;
  return {
    name,
    url,
    port,
    async killAndRestart({ wiped }) {
      place.log(name, "killed");
      process.kill(running.pid, "SIGKILL");
      await running.exited;
      place.log(name, "gone");
      // Lets go of the folder.
      await running.stop();
      if (wiped) await rm(dir, { recursive: true, force: true });
      running = await start(port);
    },
    async remove() {
      await running.stop();
      if (name === "postgres") await removeEmbeddedPostgres(dir);
      else await rm(dir, { recursive: true, force: true });
    },
  };
}

function starterOf(
  name: ServerName,
  dir: string,
  place: ServerPlace,
): (port: number) => Promise<Running> {
  const log = (line: string) => place.log(name, line);
  const { environment } = place;
  switch (name) {
    case "postgres":
      return async (port) => {
        const settings = QUICK_RECOVERY;
        const options = { dataDir: dir, port, durable: true, log, settings };
        const server = await startEmbeddedPostgres(options);
        const { pid, exited } = server;
        const stop = () => server.stop();
        return { url: server.url("postgres"), port: server.port, pid, exited, stop };
      };
    case "redis":
      return (port) => startRedis({ dir, port, environment, log });
    case "nats":
      return (port) => startNats({ jetStreamDir: dir, port, environment, log });
  }
}
