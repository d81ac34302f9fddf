/** Which keys sign queue tickets, and the one that is kept in a data folder. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readConfig } from "../common/config.ts";
import { SERVICES, type ServiceName } from "../common/contracts/names.ts";
import { ConfigurationError, UnavailableError } from "../common/errors.ts";
import { QueueTickets } from "../queue/queue-ticket.ts";
import { checkTicketKeys } from "./preconditions.ts";
import { keptTicketKey, ticketKeys } from "./ticket-keys.ts";

const KEY = "k".repeat(32);
const alice = { eventId: 1, clientId: "alice" };
const place = { sequence: 17, joinedAtMs: 1_700_000_000_000, epoch: "1" };

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "reservex-keys-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const fileIn = (folder: string): string => join(folder, "queue-ticket-key");

/** What a start with these settings works with, and the lines it logs. */
async function start(
  settings: Record<string, string>,
  dataDir?: string,
  services: readonly ServiceName[] = SERVICES,
) {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(line) });
  const keys = await ticketKeys(readConfig(settings), services, dataDir, log);
  return { keys, lines };
}

async function unavailable(folder: string): Promise<string> {
  try {
    await keptTicketKey(folder);
  } catch (error) {
    assert.instance(error, UnavailableError);
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

test("an embedded stack honours a ticket of before its restart", () =>
  inFolder(async (folder) => {
    const before = new QueueTickets((await start({}, folder)).keys);
    const after = new QueueTickets((await start({}, folder)).keys);
    const read = after.read(before.issue(alice, place), alice);
    assert.equal(read, { result: "genuine", place });
  }));

test("the kept key is made once, differs between folders, and can be used as a setting", () =>
  inFolder(async (folder) => {
    const key = await keptTicketKey(folder);
    assert.is(await keptTicketKey(folder), key);
    assert.is(await readFile(fileIn(folder), "utf8"), `${key}\n`);
    assert.equal(await readdir(folder), ["queue-ticket-key"], "and nothing beside it");
    assert.equal(readConfig({ QUEUE_TICKET_KEYS: key }).QUEUE_TICKET_KEYS, [key]);
    await inFolder(async (other) => assert.is.not(await keptTicketKey(other), key));
  }));

test("the key's file is its owner's alone, whatever the folder's mode", () =>
  inFolder(async (folder) => {
    await chmod(folder, 0o755);
    await keptTicketKey(folder);
    assert.is((await stat(fileIn(folder))).mode & 0o777, 0o600);
  }));

test("what a crash left of an unfinished key is not taken for one", () =>
  inFolder(async (folder) => {
    await writeFile(`${fileIn(folder)}.new`, "half", { mode: 0o644 });
    const key = await keptTicketKey(folder);
    assert.is(key.length, 43);
    assert.is((await stat(fileIn(folder))).mode & 0o777, 0o600);
    assert.equal(await readdir(folder), ["queue-ticket-key"]);
  }));

test("a broken key file stops the start in one line that names it, and is left as it is", () =>
  inFolder(async (folder) => {
    const short = "hunter2";
    for (const content of ["", "\n", short, `${short}\n`, `${"x".repeat(43)}\n${short}\n`]) {
      await writeFile(fileIn(folder), content);
      const message = await unavailable(folder);
      assert.match(message, `${fileIn(folder)} is damaged`);
      assert.not.match(message, short);
      assert.not.match(message, "\n");
      assert.is(await readFile(fileIn(folder), "utf8"), content);
    }
  }));

test("a key file that cannot be read or made stops the start in one line that names it", () =>
  inFolder(async (folder) => {
    const absent = join(folder, "absent");
    assert.match(await unavailable(absent), `cannot write ${fileIn(absent)}: `);
    await mkdir(fileIn(folder));
    const message = await unavailable(folder);
    assert.match(message, `cannot read ${fileIn(folder)}: `);
    assert.not.match(message, "\n");
  }));

test("keys that are set come before the kept one, which is then not made", () =>
  inFolder(async (folder) => {
    const { keys, lines } = await start({ QUEUE_TICKET_KEYS: KEY }, folder);
    assert.equal(keys, [KEY]);
    assert.equal(lines, []);
    assert.equal(await readdir(folder), []);
  }));

test("without keys and without a folder each process has its own, and says so once", async () => {
  const settings = { DATABASE_URL: "postgresql://localhost/x" };
  const [one, other] = [await start(settings), await start(settings)];
  assert.is.not(one.keys[0], other.keys[0]);
  assert.is(one.lines.length, 1);
  assert.match(one.lines[0]!, '"level":40');
  assert.match(one.lines[0]!, "QUEUE_TICKET_KEYS is not set");
  for (const key of one.keys) assert.not.match(one.lines[0]!, key);
});

test("where no queue runs there are no keys, no file and no warning", () =>
  inFolder(async (folder) => {
    const { keys, lines } = await start({}, folder, ["account", "ticket"]);
    assert.equal([keys, lines, await readdir(folder)], [[], [], []]);
  }));

test("in production, keys must be set for a queue on Redis without a folder of its own", () => {
  const production = {
    NODE_ENV: "production",
    REDIS_URL: "redis://localhost",
    NATS_URL: "nats://localhost",
    DATABASE_URL: "postgresql://localhost/x",
  };
  const check = (settings: Record<string, string>, services: readonly ServiceName[]) => () =>
    checkTicketKeys(readConfig(settings), services);
  const refused = (error: Error) =>
    error instanceof ConfigurationError &&
    /^QUEUE_TICKET_KEYS is not set: .*openssl rand -hex 32$/.test(error.message);
  assert.throws(check(production, ["queue"]), refused);
  assert.throws(check(production, SERVICES), refused);
  // A queue alone has no data folder, also where no database is named.
  assert.throws(check({ ...production, DATABASE_URL: "" }, ["queue"]), refused);
  assert.not.throws(check({ ...production, QUEUE_TICKET_KEYS: KEY }, ["queue"]));
  assert.not.throws(check(production, ["ticket", "saga"]));
  assert.not.throws(check({ ...production, DATABASE_URL: "" }, SERVICES));
  assert.not.throws(check({ ...production, REDIS_URL: "" }, ["queue"]));
  assert.not.throws(check({ ...production, NODE_ENV: "development" }, ["queue"]));
});

test.run();
