/** A real PostgreSQL for one machine, run from an npm package, that ends when we end. */
import { mkdir, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { lockFolder } from "./folder-lock.ts";
import { stopLeftoverServer } from "./leftover-postgres.ts";
import { portTaken } from "./obtain-server.ts";
import { findFreePorts, isPortFree } from "./ports.ts";
import { locatePostgres, type PostgresBinaries, usableBinaries } from "./postgres-binaries.ts";
import {
  type Credentials,
  checkCluster,
  createCluster,
  ensureCredentials,
  exists,
  placeCluster,
  removeCluster,
  sweepTemporaryClusters,
} from "./postgres-cluster.ts";
import { ensureSystemUser, type Identity } from "./postgres-user.ts";
import { messageOf, ServerUnavailable } from "./server-unavailable.ts";
import { type Exit, startWatched, type WatchedProcess } from "./watched-process.ts";

export interface PostgresOptions {
  /** Made when absent. This function locks the folder itself: the caller must not. */
  readonly dataDir: string;
  /** On 127.0.0.1; 0 or absent: a free one. */
  readonly port?: number | undefined;
  /** Name of the superuser; default "reservex", or the one the folder was made with. */
  readonly user?: string | undefined;
  /**
   * true: every commit is on the disk before it is answered. false announces a temporary folder:
   * commits survive a crash of the server, but not one of the machine.
   */
  readonly durable: boolean;
  /** Gets each line that PostgreSQL prints. */
  readonly log: (line: string) => void;
  /** Settings of PostgreSQL on top of ours, by name: for harnesses, which kill it often. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the programs are; another place only for tests. */
  readonly locate?: () => Promise<PostgresBinaries>;
  /** Where root keeps what PostgreSQL's user cannot reach otherwise. */
  readonly stateDir?: string;
}

export interface EmbeddedPostgres {
  /** Connection URL of a database of this server, with its superuser's password. */
  url(database: string): string;
  readonly port: number;
  /** Where the cluster really is. */
  readonly dataDir: string;
  readonly pid: number;
  /** Resolves when the server has ended, for whatever reason. */
  readonly exited: Promise<Exit>;
  /** Fast shutdown: open transactions are rolled back. Resolves when it is down. */
  stop(): Promise<void>;
}

interface Prepared {
  readonly binaries: PostgresBinaries;
  readonly cluster: string;
  readonly credentials: Credentials;
  readonly identity: Identity | undefined;
}

const STATE_DIR = "/var/lib/reservex";
const SYSTEM_USER = "postgres";
const HOST = "127.0.0.1";
const READY = "database system is ready to accept connections";
/** Recovery after a crash reads at most max_wal_size (1 GB) again. */
const READY_TIMEOUT_MS = 120_000;
/** A shutdown writes at most the shared buffers. */
const STOP_TIMEOUT_MS = 20_000;
/** A port found free can be lost to another program before the server has it. */
const PORT_ATTEMPTS = 3;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: HOST,
  unix_socket_directories: "",
  max_connections: "120",
  shared_buffers: "128MB",
  cluster_name: "reservex",
  timezone: "UTC",
  log_timezone: "UTC",
  lc_messages: "C",
  // We read the server's lines ourselves.
  log_destination: "stderr",
  logging_collector: "off",
  log_checkpoints: "off",
};
const DURABLE = { fsync: "on", synchronous_commit: "on", full_page_writes: "on" };
const TEMPORARY = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

/**
 * Starts PostgreSQL on a folder, making a new cluster when there is none, and returns when it
 * accepts connections. One process at a time may use a folder; a server that a killed process left
 * is ended first.
 * @throws ServerUnavailable in one line: folder in use (by which pid) or not writable, disk full,
 *   no package for this platform, port taken
 */
export async function startEmbeddedPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = await openDataDir(options.dataDir);
  const lock = await lockFolder(dataDir, "PostgreSQL");
  try {
    const prepared = await prepare(dataDir, options);
    const { server, port } = await startOnPort(prepared, options);
    const { cluster, credentials } = prepared;
    return {
      url: (database) => connectionUrl(credentials, port, database),
      port,
      dataDir: cluster,
      pid: server.pid,
      exited: server.exited,
      stop: async () => {
        await server.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    if (error instanceof ServerUnavailable) throw error;
    throw new ServerUnavailable(`PostgreSQL in ${dataDir}: ${messageOf(error)}`, [], error);
  }
}

/** Deletes a data folder that no server uses, and its cluster where that lies elsewhere. */
export function removeEmbeddedPostgres(dataDir: string, stateDir = STATE_DIR): Promise<void> {
  return removeCluster(dataDir, stateDir);
}

/** The URL of a database on this machine. */
export function connectionUrl(credentials: Credentials, port: number, database: string): string {
  const [user, password, name] = [credentials.user, credentials.password, database].map(
    encodeURIComponent,
  );
  return `postgresql://${user}:${password}@${HOST}:${port}/${name}`;
}

/** The server's arguments: all settings stand here, none in the cluster's own file. */
export function serverArguments(
  cluster: string,
  port: number,
  durable: boolean,
  more: Readonly<Record<string, string>> = {},
): string[] {
  const settings = { ...SETTINGS, ...(durable ? DURABLE : TEMPORARY), ...more };
  const pairs = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return ["-D", cluster, "-p", String(port), ...pairs];
}

async function openDataDir(dataDir: string): Promise<string> {
  const path = resolve(dataDir);
  try {
    await mkdir(path, { recursive: true });
    return await realpath(path);
  } catch (error) {
    throw new ServerUnavailable(`cannot use the folder ${path}: ${messageOf(error)}`, [], error);
  }
}

async function prepare(dataDir: string, options: PostgresOptions): Promise<Prepared> {
  const { durable, log, user, stateDir = STATE_DIR, locate = locatePostgres } = options;
  const isRoot = process.getuid?.() === 0;
  const serverUser = isRoot ? await ensureSystemUser(SYSTEM_USER) : undefined;
  if (isRoot) await sweepTemporaryClusters(stateDir);
  const found = await locate();
  const request = { dataDir, stateDir, identity: serverUser, durable };
  const cluster = await placeCluster(request);
  const present = await exists(cluster);
  const identity = present ? await checkCluster(cluster, found) : serverUser;
  const binaries = await usableBinaries(found, identity, stateDir);
  const credentials = await ensureCredentials(dataDir, user, present);
  if (present) await stopLeftoverServer(cluster, log);
  else await createCluster(cluster, binaries, credentials, request);
  return { binaries, cluster, credentials, identity };
}

async function startOnPort(
  prepared: Prepared,
  options: PostgresOptions,
): Promise<{ server: WatchedProcess; port: number }> {
  const fixed = options.port ?? 0;
  if (fixed !== 0 && !(await isPortFree(fixed, HOST))) throw await portTaken("PostgreSQL", fixed);
  for (let attempt = 1; ; attempt += 1) {
    const port = fixed === 0 ? ((await findFreePorts(1))[0] as number) : fixed;
    try {
      return { server: await startServer(prepared, port, options), port };
    } catch (error) {
      const lost = error instanceof ServerUnavailable && isAddressInUse(error.output);
      if (!lost) throw betterReason(error);
      if (fixed !== 0) throw await portTaken("PostgreSQL", fixed);
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

function startServer(
  { binaries, cluster, identity }: Prepared,
  port: number,
  { durable, log, settings }: PostgresOptions,
): Promise<WatchedProcess> {
  return startWatched({
    command: join(binaries.home, "bin", "postgres"),
    args: serverArguments(cluster, port, durable, settings),
    env: { LC_ALL: "C", PATH: "/usr/bin:/bin" },
    uid: identity?.uid,
    gid: identity?.gid,
    // "Fast": clients are cut off, open transactions rolled back. SIGTERM would wait for clients.
    stopSignal: "SIGINT",
    stopTimeoutMs: STOP_TIMEOUT_MS,
    ready: (line) => line.includes(READY),
    readyTimeoutMs: READY_TIMEOUT_MS,
    onLine: log,
  });
}

function isAddressInUse(output: readonly string[]): boolean {
  return output.some((line) => line.includes("Address already in use"));
}

/** PostgreSQL's last line is "database system is shut down"; its reason stands further up. */
function betterReason(error: unknown): unknown {
  if (!(error instanceof ServerUnavailable)) return error;
  const reason = error.output.find((line) => /FATAL:|PANIC:/.test(line));
  if (reason === undefined) return error;
  const short = reason.replace(/^.*?(?:FATAL|PANIC):\s*/, "");
  return new ServerUnavailable(`PostgreSQL cannot start: ${short}`, error.output, error);
}
