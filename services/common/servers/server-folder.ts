/** A data folder for one server at a time: made, locked, and free of the server before it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { beginningOf, type FolderLock, lockFolder } from "./folder-lock.ts";
import { messageOf, ServerUnavailable } from "./server-unavailable.ts";

export interface ServerFolder extends FolderLock {
  /** Writes down which process works on the folder, for whoever comes after a crash. */
  remember(pid: number): Promise<void>;
}

const NOTE = ".server";
const PATIENCE_MS = 15_000;
const POLL_MS = 50;

/**
 * Takes a folder for a server. When our last process was killed, its server may still be on its way
 * out: this waits for it (up to 15 s), since two servers on one folder would ruin it.
 * @throws ServerUnavailable when the folder is in use or cannot be written
 */
export async function takeServerFolder(dir: string, title: string): Promise<ServerFolder> {
  await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    throw new ServerUnavailable(`${title} cannot use ${dir}: ${messageOf(error)}`, [], error);
  });
  const lock = await lockFolder(dir, title);
  const note = join(dir, NOTE);
  try {
    await lastServerGone(note, dir, title);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    release: lock.release,
    remember: async (pid) => writeFile(note, `${pid} ${(await beginningOf(pid)) ?? "gone"}\n`),
  };
}

async function lastServerGone(note: string, dir: string, title: string): Promise<void> {
  const text = await readFile(note, "utf8").catch(() => "");
  const [, pid, began] = /^(\d+) (.+)\n$/.exec(text) ?? [];
  if (pid === undefined) return;
  for (let waited = 0; waited <= PATIENCE_MS; waited += POLL_MS) {
    if ((await beginningOf(Number(pid))) !== began) return;
    await pause(POLL_MS);
  }
  throw new ServerUnavailable(`${title} with pid ${pid} still runs on ${dir}: end it first`);
}
