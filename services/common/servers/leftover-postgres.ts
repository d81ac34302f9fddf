/** Ends a PostgreSQL server that outlived its owner, and never a process only taken for it. */
import { readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { beginningOf } from "./folder-lock.ts";
import { isAlive, runProgram } from "./programs.ts";
import { ServerUnavailable } from "./server-unavailable.ts";

const POLL_MS = 50;
const FAST_STOP_MS = 15_000;
const IMMEDIATE_STOP_MS = 5_000;
const PS_TIMEOUT_MS = 5_000;
const PROGRAM = "postgres";

/**
 * Makes sure that no server works on this cluster. The caller holds the data folder's lock, so one
 * that does has lost its owner and is ending or was left behind: it is stopped (fast, then at
 * once; both leave the data whole) and waited for. PostgreSQL's own check of `postmaster.pid` stays
 * in force; the file is removed only in the one case that PostgreSQL cannot tell: its process id
 * is a zombie's, or has gone to another program of the same user.
 * @throws ServerUnavailable naming the pid that would not end
 */
export async function stopLeftoverServer(
  cluster: string,
  log: (line: string) => void,
): Promise<void> {
  const folder = await realpath(cluster);
  const pidFile = join(folder, "postmaster.pid");
  const postmaster = await readPostmaster(pidFile);
  if (postmaster === undefined) return;
  const [first] = await serversOn(folder, postmaster);
  if (first !== undefined) {
    log(`ending the PostgreSQL server (pid ${first}) that was left on ${folder}`);
    await end(folder, postmaster);
    return;
  }
  if (await isProvenStale(postmaster, folder)) {
    log(`process id ${postmaster} in ${pidFile} is not that server any more: removing the file`);
    await rm(pidFile, { force: true });
  }
}

async function end(folder: string, postmaster: number): Promise<void> {
  for (const [signal, patience] of [
    ["SIGINT", FAST_STOP_MS],
    ["SIGQUIT", IMMEDIATE_STOP_MS],
  ] as const) {
    const running = await serversOn(folder, postmaster);
    if (running.length === 0) return;
    if (running.includes(postmaster)) signalTo(postmaster, signal);
    // Without their postmaster the others end by themselves; the second round does not wait for it.
    else if (signal === "SIGQUIT") for (const pid of running) signalTo(pid, signal);
    for (let waited = 0; waited < patience; waited += POLL_MS) {
      if ((await serversOn(folder, postmaster)).length === 0) return;
      await pause(POLL_MS);
    }
  }
  const [pid] = await serversOn(folder, postmaster);
  if (pid === undefined) return;
  throw new ServerUnavailable(`PostgreSQL with pid ${pid} on ${folder} does not end: end it first`);
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in between; or not ours to signal, which the wait will tell.
  }
}

async function readPostmaster(pidFile: string): Promise<number | undefined> {
  const text = await readFile(pidFile, "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/** The processes of a server on this folder, postmaster first; they work in their data folder. */
async function serversOn(folder: string, postmaster: number): Promise<number[]> {
  const names = await readdir("/proc").catch(() => undefined);
  if (names === undefined) {
    return (await commandNames(postmaster, folder)) ? [postmaster] : [];
  }
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    if (cwd === folder && (await programOf(pid)) === PROGRAM) found.push(pid);
  }
  return found.sort((a, b) => Number(b === postmaster) - Number(a === postmaster));
}

async function programOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => undefined);
  return text?.trim();
}

/**
 * A process with this id is there, and is a zombie or works elsewhere than in this folder. Only
 * where /proc can prove it; else PostgreSQL's caution stands.
 */
async function isProvenStale(pid: number, folder: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if ((await beginningOf(pid)) === undefined) return true;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return cwd !== undefined && cwd !== folder;
}

async function commandNames(pid: number, folder: string): Promise<boolean> {
  const run = { environment: { PATH: "/usr/bin:/bin" }, timeoutMs: PS_TIMEOUT_MS };
  const { stdout } = await runProgram("ps", ["-o", "command=", "-p", String(pid)], run);
  return stdout.includes(PROGRAM) && stdout.includes(folder);
}
