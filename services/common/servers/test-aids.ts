/** What the tests of this folder share: temporary folders, a parent to kill, waiting for facts. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 20;

/** Runs `work` with a fresh folder that is gone afterwards. */
export async function withFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "reservex-servers-"));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Whether the fact became true within `ms`; it asks again and again, and does not guess. */
export async function becomesTrue(
  fact: () => boolean | Promise<boolean>,
  ms: number,
): Promise<boolean> {
  for (let waited = 0; waited <= ms; waited += POLL_MS) {
    if (await fact()) return true;
    await pause(POLL_MS);
  }
  return false;
}

/** Ids of the processes whose command line holds `text`; Linux only. */
export async function processesWith(text: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (command.includes(text) && Number(name) !== process.pid) found.push(Number(name));
  }
  return found;
}

/** The id of a process' session leader; undefined when there is no such process. Linux only. */
export async function sessionOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const field = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[3];
  return field === undefined ? undefined : Number(field);
}

/** All processes of a session, zombies too. */
export async function membersOf(session: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const sessions = await Promise.all(pids.map(sessionOf));
  return pids.filter((_, index) => sessions[index] === session);
}

export interface Script {
  readonly process: ChildProcess;
  /** Its first line on stdout, or what it said on stderr when it ended without one. */
  readonly firstLine: Promise<string>;
  readonly ended: Promise<unknown>;
}

/** Another Node process that runs this module text (relative to this folder: `./ports.ts`). */
export function runScript(
  source: string,
  identity: { readonly uid?: number; readonly gid?: number } = {},
): Script {
  const text = source.replaceAll('"./', `"${new URL("./", import.meta.url).href}`);
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], {
    stdio: ["ignore", "pipe", "pipe"],
    ...identity,
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const line = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once("line", resolve);
  });
  const firstLine = Promise.race([line, ended.then(() => complaint)]);
  return { process: child, firstLine, ended };
}

/** Sends text to a server on 127.0.0.1 and gives the first piece of its answer. */
export function say(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.once("error", reject);
    socket.once("data", (chunk: Buffer) => {
      socket.destroy();
      resolve(chunk.toString());
    });
  });
}
