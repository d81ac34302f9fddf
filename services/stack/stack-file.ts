/**
 * A note in the data folder about the stack that runs on it, so that commands of the same user find
 * it. It names a database with its password: readable by its owner only.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const note = z.object({
  pid: z.int().positive(),
  /** Base URLs of the services' HTTP edges. */
  urls: z.record(z.string(), z.string()),
  /** postgresql:// URL of the server's maintenance database; absent where no service needs one. */
  databaseUrl: z.string().optional(),
  /** By which a REPL joins the broker; absent where NATS connects the brokers. */
  socket: z.string().optional(),
});
export type StackNote = z.infer<typeof note>;

const pathOf = (dataDir: string): string => join(dataDir, "stack.json");

export async function writeStackNote(dataDir: string, content: StackNote): Promise<void> {
  await writeFile(pathOf(dataDir), `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
}

/** The note of a stack whose process still lives; undefined when none does. */
export async function readStackNote(dataDir: string): Promise<StackNote | undefined> {
  const text = await readFile(pathOf(dataDir), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const found = note.parse(JSON.parse(text));
    // Signal 0 only asks whether the process is there.
    process.kill(found.pid, 0);
    return found;
  } catch {
    return undefined;
  }
}

export async function removeStackNote(dataDir: string): Promise<void> {
  await rm(pathOf(dataDir), { force: true });
}
