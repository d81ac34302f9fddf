/** Where a PostgreSQL cluster lies, who owns it, how one enters, and how a new one is made. */
import { createHash, randomBytes } from "node:crypto";
import {
  chown,
  lstat,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { makePublicFolder, type PostgresBinaries } from "./postgres-binaries.ts";
import { canEnter, type Identity } from "./postgres-user.ts";
import { isAlive } from "./programs.ts";
import { messageOf, ServerUnavailable, systemCode } from "./server-unavailable.ts";
import { runWatched } from "./watched-process.ts";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface ClusterRequest {
  /** An existing folder, by its real path. */
  readonly dataDir: string;
  /** Our own folder for what another user must reach; used only as root. */
  readonly stateDir: string;
  /** Who runs the server when that is not ourselves. */
  readonly identity: Identity | undefined;
  readonly durable: boolean;
}

const CREDENTIALS = "credentials.json";
const LOCATION = "cluster-location";
const CLUSTER = "cluster";
const OWNER = "belongs-to.json";
const INITDB_TIMEOUT_MS = 120_000;
const PASSWORD_BYTES = 24;

/**
 * The cluster's folder (which need not exist yet): inside the data folder, or, where the server's
 * user cannot get there, under `stateDir` with a note in the data folder that names it.
 * @throws ServerUnavailable when an existing cluster cannot be reached
 */
export async function placeCluster(request: ClusterRequest): Promise<string> {
  const { dataDir, stateDir, identity } = request;
  const inside = join(dataDir, CLUSTER);
  const noted = (await readFile(join(dataDir, LOCATION), "utf8").catch(() => "")).trim();
  if (noted !== "") return followNote(noted, request);
  if (identity === undefined || (await canEnter(identity, dataDir))) return inside;
  if (await exists(inside)) {
    throw new ServerUnavailable(
      `PostgreSQL's user cannot reach ${inside}: allow others to enter the folders above it (chmod o+x)`,
    );
  }
  const folder = await outsideFolder(dataDir, join(stateDir, "clusters"));
  for (const path of [stateDir, dirname(folder), folder]) await makePublicFolder(path);
  const owner = { dataDir, temporary: !request.durable };
  await writeFile(join(folder, OWNER), JSON.stringify(owner));
  const cluster = join(folder, CLUSTER);
  await writeDurably(join(dataDir, LOCATION), `${cluster}\n`, 0o644);
  return cluster;
}

/**
 * Named by a hash of the data folder's path. One that is taken is passed over: the data folder it
 * belonged to was moved (its note still leads there), or deleted to begin anew.
 */
async function outsideFolder(dataDir: string, clusters: string): Promise<string> {
  const hash = createHash("sha256").update(dataDir).digest("hex").slice(0, 32);
  let folder = join(clusters, hash);
  for (let next = 2; await exists(join(folder, CLUSTER)); next += 1) {
    folder = join(clusters, `${hash}-${next}`);
  }
  return folder;
}

/** As root we act on the path in this file, so it may only lead to where we put clusters. */
async function followNote(noted: string, { dataDir, stateDir }: ClusterRequest): Promise<string> {
  const note = join(dataDir, LOCATION);
  const folder = dirname(noted);
  const ours =
    dirname(folder) === join(stateDir, "clusters") &&
    /\/[0-9a-f]{32}(-\d+)?\/cluster$/.test(noted) &&
    (await exists(folder));
  if (ours) return noted;
  throw new ServerUnavailable(
    `the database that ${note} names is not there (${noted}): bring it back, or delete ${note} to begin anew`,
  );
}

/**
 * Name and password of the cluster's superuser. They are written before the cluster is made, so
 * that no cluster is ever without them.
 * @throws ServerUnavailable when they are lost, belong to another user, or name another role
 */
export async function ensureCredentials(
  dataDir: string,
  user: string | undefined,
  clusterExists: boolean,
): Promise<Credentials> {
  const path = join(dataDir, CREDENTIALS);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw new ServerUnavailable(`cannot read ${path}: ${messageOf(error)}`, [], error);
  });
  if (text === undefined) {
    if (clusterExists) {
      throw new ServerUnavailable(`${path} is lost: bring it back, or begin with an empty folder`);
    }
    const password = randomBytes(PASSWORD_BYTES).toString("base64url");
    const fresh = { user: user ?? "reservex", password };
    await writeDurably(path, `${JSON.stringify(fresh)}\n`, 0o600);
    return fresh;
  }
  const stored = parseCredentials(text);
  if (stored === undefined) throw new ServerUnavailable(`${path} is damaged: bring it back`);
  if (user === undefined || user === stored.user) return stored;
  throw new ServerUnavailable(`${dataDir} was made for the role ${stored.user}, not for ${user}`);
}

export function parseCredentials(text: string): Credentials | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof Credentials, unknown>> | null;
    if (typeof value?.user !== "string" || typeof value.password !== "string") return undefined;
    return { user: value.user, password: value.password };
  } catch {
    return undefined;
  }
}

/**
 * The identity under which an existing cluster must run: that of its owner. undefined: our own.
 * @throws ServerUnavailable for another PostgreSQL version's cluster, or another user's
 */
export async function checkCluster(
  cluster: string,
  binaries: PostgresBinaries,
): Promise<Identity | undefined> {
  try {
    const major = (await readFile(join(cluster, "PG_VERSION"), "utf8")).trim();
    const ours = binaries.version.split(".")[0];
    if (major !== ours) {
      throw new ServerUnavailable(`${cluster} is of PostgreSQL ${major}, and this is ${ours}`);
    }
    const { uid, gid } = await lstat(cluster);
    return process.getuid?.() === 0 ? { uid, gid } : undefined;
  } catch (error) {
    if (error instanceof ServerUnavailable) throw error;
    throw new ServerUnavailable(`cannot use ${cluster}: ${messageOf(error)}`, [], error);
  }
}

/**
 * Makes a new cluster: UTF-8, builtin C.UTF-8 (sorting that no update of the system's libraries can
 * change under an index), passwords by SCRAM. It grows in a folder beside and is then renamed: one
 * that was interrupted is never taken for a cluster.
 * @throws ServerUnavailable with initdb's own reason
 */
export async function createCluster(
  cluster: string,
  binaries: PostgresBinaries,
  credentials: Credentials,
  request: ClusterRequest,
): Promise<void> {
  const parent = dirname(cluster);
  const prefix = `${CLUSTER}.new-`;
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await removeFolder(join(parent, name));
  }
  const nursery = await mkdtemp(join(parent, prefix));
  try {
    const passwordFile = join(nursery, "password");
    await writeFile(passwordFile, `${credentials.password}\n`, { mode: 0o600 });
    const data = join(nursery, "data");
    if (request.identity !== undefined) {
      const { uid, gid } = request.identity;
      for (const path of [passwordFile, nursery]) await chown(path, uid, gid);
    }
    await initdb(binaries, data, request, ["-U", credentials.user, "--pwfile", passwordFile]);
    await rename(data, cluster);
    if (request.durable) await syncFolder(parent);
  } finally {
    await removeFolder(nursery);
  }
}

async function initdb(
  binaries: PostgresBinaries,
  data: string,
  { identity, durable }: ClusterRequest,
  role: readonly string[],
): Promise<void> {
  const { code, signal, output } = await runWatched({
    command: join(binaries.home, "bin", "initdb"),
    args: [
      ...["-D", data, ...role, "--encoding", "UTF8", "--locale", "C"],
      ...["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"],
      ...["--auth", "scram-sha-256", "--no-instructions"],
      ...(durable ? [] : ["--no-sync"]),
    ],
    env: { LC_ALL: "C", PATH: "/usr/bin:/bin" },
    uid: identity?.uid,
    gid: identity?.gid,
    stopSignal: "SIGTERM",
    timeoutMs: INITDB_TIMEOUT_MS,
  });
  if (code === 0) return;
  const said =
    output.find((line) => /FATAL:|PANIC:/.test(line)) ??
    output.find((line) => /error:/.test(line)) ??
    output.at(-1) ??
    `initdb ended with ${signal ?? code}`;
  throw new ServerUnavailable(`cannot make a database in ${dirname(data)}: ${said}`, output);
}

/**
 * Removes clusters outside their data folder that were announced as temporary and whose data folder
 * is gone: what is left of tests and demos that were killed.
 */
export async function sweepTemporaryClusters(stateDir: string): Promise<void> {
  const clusters = join(stateDir, "clusters");
  for (const name of await readdir(clusters).catch(() => [])) {
    const folder = join(clusters, name);
    const dataDir = temporaryOwner(await readFile(join(folder, OWNER), "utf8").catch(() => ""));
    if (dataDir === undefined || (await exists(dataDir))) continue;
    const pidFile = await readFile(join(folder, CLUSTER, "postmaster.pid"), "utf8").catch(() => "");
    const pid = Number.parseInt(pidFile, 10);
    if (Number.isNaN(pid) || !isAlive(pid)) await removeFolder(folder);
  }
}

/** The data folder of a cluster that was announced as temporary; undefined for any other. */
export function temporaryOwner(text: string): string | undefined {
  try {
    const owner = JSON.parse(text) as { dataDir?: unknown; temporary?: unknown } | null;
    const isTemporary = owner?.temporary === true && typeof owner.dataDir === "string";
    return isTemporary ? (owner.dataDir as string) : undefined;
  } catch {
    return undefined;
  }
}

/** Removes a data folder, and its cluster where that lies outside. No server may run on it. */
export async function removeCluster(dataDir: string, stateDir: string): Promise<void> {
  const real = await realpath(dataDir).catch(() => undefined);
  if (real === undefined) return;
  const noted = (await readFile(join(real, LOCATION), "utf8").catch(() => "")).trim();
  if (noted !== "" && dirname(dirname(noted)) === join(stateDir, "clusters")) {
    await removeFolder(dirname(noted));
  }
  await removeFolder(real);
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

/** The files of a server on its way out may still appear while we delete: then once more. */
async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  const file = await open(fresh, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
