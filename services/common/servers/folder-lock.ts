/** One process at a time on a data folder, also across crashes and re-used process ids. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, ServerUnavailable, systemCode } from "./server-unavailable.ts";

export interface FolderLock {
  /** Gives the folder free. May be called again. */
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  /** When that process began, in a form that differs for a later process with the same id. */
  readonly began: string;
  readonly purpose: string;
  readonly released: boolean;
}

interface Newest {
  /** 0 when the folder was never locked. */
  readonly number: number;
  readonly holder: Holder | undefined;
}

const ATTEMPTS = 50;
const PS_TIMEOUT_MS = 5_000;

/**
 * Takes the folder for this process. Lock files lie in `dir/.lock` and are numbered: the highest
 * number counts, and number n + 1 may be made only by who saw that n is released or its process
 * gone. Making it is one exclusive `link`, so of several who take over one stale lock exactly one
 * wins. The highest file is never deleted (a release is written into it): a slow rival who still
 * believes in an older number then finds a higher one, and steps back.
 * @param purpose what the holder does, for the message that others get ("the ticket services")
 * @throws ServerUnavailable naming the holder's pid, or why the folder cannot be locked
 */
export async function lockFolder(dir: string, purpose: string): Promise<FolderLock> {
  const folder = join(dir, ".lock");
  const began = (await beginningOf(process.pid)) ?? "unknown";
  const mine: Holder = { pid: process.pid, began, purpose, released: false };
  const candidate = join(folder, `candidate-${process.pid}-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(candidate, JSON.stringify(mine), { flag: "wx" });
    const number = await take(dir, folder, candidate);
    await sweep(folder, number);
    return { release: releaser(folder, number, mine) };
  } catch (error) {
    if (error instanceof ServerUnavailable) throw error;
    throw new ServerUnavailable(`cannot lock the folder ${dir}: ${messageOf(error)}`, [], error);
  } finally {
    await rm(candidate, { force: true }).catch(() => undefined);
  }
}

/**
 * A text that tells one life of a process id from the next; undefined when no such process runs.
 * Linux: boot and start tick; elsewhere the start time that `ps` prints.
 */
export async function beginningOf(pid: number): Promise<string | undefined> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => undefined);
  if (boot === undefined) return askPs(pid);
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTick] = [fields[0], fields[19]];
  return state === "Z" || state === "X" ? undefined : `${boot.trim()}/${startTick}`;
}

async function take(dir: string, folder: string, candidate: string): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const newest = await findNewest(folder);
    if (newest === "changed") continue;
    const { number, holder } = newest;
    if (holder !== undefined && !holder.released && (await lives(holder))) {
      throw new ServerUnavailable(
        `${dir} is in use by pid ${holder.pid} (${holder.purpose}): stop it first, or choose another folder`,
      );
    }
    const path = join(folder, nameOf(number + 1));
    try {
      await link(candidate, path);
    } catch (error) {
      if (systemCode(error) === "EEXIST") continue;
      throw error;
    }
    const highest = Math.max(...(await numbers(folder)));
    if (highest === number + 1) return number + 1;
    await rm(path, { force: true });
  }
  throw new ServerUnavailable(`${dir} is being locked and released by others all the time`);
}

async function findNewest(folder: string): Promise<Newest | "changed"> {
  const number = Math.max(0, ...(await numbers(folder)));
  if (number === 0) return { number, holder: undefined };
  try {
    const text = await readFile(join(folder, nameOf(number)), "utf8");
    return { number, holder: parseHolder(text) };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "changed";
    throw error;
  }
}

/** undefined for a file that a power cut left empty or torn: its writer is gone. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, began, purpose, released } = value as Partial<Record<keyof Holder, unknown>>;
    if (typeof pid !== "number" || typeof began !== "string") return undefined;
    return { pid, began, purpose: String(purpose), released: released === true };
  } catch {
    return undefined;
  }
}

async function lives(holder: Holder): Promise<boolean> {
  return (await beginningOf(holder.pid)) === holder.began;
}

function releaser(folder: string, number: number, mine: Holder): () => Promise<void> {
  let released = false;
  return async () => {
    if (released) return;
    released = true;
    const note = join(folder, `candidate-${process.pid}-${randomUUID()}`);
    try {
      await writeFile(note, JSON.stringify({ ...mine, released: true }), { flag: "wx" });
      await rename(note, join(folder, nameOf(number)));
    } catch (error) {
      // The whole folder was deleted under us: nothing is left to release.
      if (systemCode(error) !== "ENOENT") throw error;
    }
  };
}

/** Removes older locks, and what processes that died while locking have left. */
async function sweep(folder: string, number: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const lower = numberOf(name) < number;
    const candidateOf = /^candidate-(\d+)-/.exec(name)?.[1];
    const orphan =
      candidateOf !== undefined && (await beginningOf(Number(candidateOf))) === undefined;
    if (lower || orphan) await rm(join(folder, name), { force: true });
  }
}

async function numbers(folder: string): Promise<number[]> {
  return (await readdir(folder)).map(numberOf).filter(Number.isFinite);
}

function nameOf(number: number): string {
  return `holder-${number}`;
}

function numberOf(name: string): number {
  const digits = /^holder-(\d+)$/.exec(name)?.[1];
  return digits === undefined ? Number.NaN : Number(digits);
}

function askPs(pid: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const args = ["-o", "lstart=", "-p", String(pid)];
    execFile("ps", args, { timeout: PS_TIMEOUT_MS }, (error, stdout) => {
      const text = stdout.trim();
      resolve(error !== null || text === "" ? undefined : text);
    });
  });
}
