/** Where the keys of queue tickets come from: the settings, the data folder, or this process. */
import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../common/config.ts";
import type { ServiceName } from "../common/contracts/names.ts";
import { UnavailableError } from "../common/errors.ts";
import type { Log } from "../common/log.ts";
import { messageOf, systemCode } from "../common/servers/server-unavailable.ts";

/** A ticket is to outlive the process that signed it, and so is its key. */
const KEY_FILE = "queue-ticket-key";

/**
 * The secrets of queue tickets, newest first; none where no queue runs.
 * @param dataDir of our own PostgreSQL; undefined where none runs
 * @throws UnavailableError in one line that names the key file
 */
export async function ticketKeys(
  config: Config,
  services: readonly ServiceName[],
  dataDir: string | undefined,
  log: Log,
): Promise<readonly string[]> {
  if (!services.includes("queue")) return [];
  if (config.QUEUE_TICKET_KEYS) return config.QUEUE_TICKET_KEYS;
  if (dataDir !== undefined) return [await keptTicketKey(dataDir)];
  log.warn(
    "QUEUE_TICKET_KEYS is not set: queue tickets end with this process, and no other honours them",
  );
  return [newKey()];
}

/**
 * The key that is kept in a data folder, made there at the first call. Its text may be moved into
 * QUEUE_TICKET_KEYS when the folder is left for a real server. The caller has locked the folder.
 * Like the database's password beside it, it belongs to the user who runs the stack, and stays in
 * the data folder also where PostgreSQL's user cannot go and the cluster therefore lies elsewhere.
 */
export async function keptTicketKey(dataDir: string): Promise<string> {
  const path = join(dataDir, KEY_FILE);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw unusable("read", path, error);
  });
  if (text === undefined) {
    const key = newKey();
    await keep(path, `${key}\n`).catch((error: unknown) => {
      throw unusable("write", path, error);
    });
    return key;
  }
  const key = /^([\w-]{43})\n$/.exec(text)?.[1];
  if (key !== undefined) return key;
  throw new UnavailableError(
    `${path} is damaged: bring it back, or delete it to begin with a new key (queue tickets of before are then ignored)`,
  );
}

const newKey = (): string => randomBytes(32).toString("base64url");

/** Whole and on the disk under its name, or not there at all; readable by its owner only. */
async function keep(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  const file = await open(fresh, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unusable(verb: "read" | "write", path: string, error: unknown): UnavailableError {
  return new UnavailableError(`cannot ${verb} ${path}: ${messageOf(error)}`);
}
