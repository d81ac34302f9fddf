/** Promises of the embedded PostgreSQL, kept by real servers. */
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withClient } from "../database.ts";
import { type PostgresOptions, startEmbeddedPostgres } from "./embedded-postgres.ts";
import { beginningOf } from "./folder-lock.ts";
import { findFreePorts } from "./ports.ts";
import { ServerUnavailable } from "./server-unavailable.ts";
import {
  becomesTrue,
  membersOf,
  processesWith,
  runScript,
  type Script,
  sessionOf,
  withFolder,
} from "./test-aids.ts";

function options(dir: string, rest: Partial<PostgresOptions> = {}): PostgresOptions {
  const stateDir = join(dir, "state");
  return { dataDir: join(dir, "data"), stateDir, durable: false, log: () => undefined, ...rest };
}

/** A folder that the server's user can enter; mkdtemp closes its folders to others. */
function withOpenFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  return withFolder(async (dir) => {
    await chmod(dir, 0o755);
    return work(dir);
  });
}

async function ask(url: string, text: string): Promise<unknown> {
  const { rows } = await withClient(url, (client) => client.query(text));
  return rows[0] === undefined ? undefined : Object.values(rows[0])[0];
}

/** A zombie that nobody has reaped yet does not run. */
async function runs(pid: number): Promise<boolean> {
  return (await beginningOf(pid)) !== undefined;
}

async function refusal(wanted: PostgresOptions): Promise<ServerUnavailable> {
  const error = await startEmbeddedPostgres(wanted).then(
    async (server) => {
      await server.stop();
      return new Error("it started");
    },
    (reason: unknown) => reason,
  );
  assert.instance(error, ServerUnavailable, String(error));
  assert.not.match((error as Error).message, "\n");
  return error as ServerUnavailable;
}

/** Another process that starts PostgreSQL on the folder, says `pid url`, and waits to be killed. */
function owner(dir: string, durable = false): Script {
  const settings = JSON.stringify({ ...options(dir), durable });
  return runScript(`
    import { startEmbeddedPostgres } from "./embedded-postgres.ts";
    const server = await startEmbeddedPostgres({ ...${settings}, log: () => undefined });
    process.stdout.write(server.pid + " " + server.url("postgres") + "\\n");
    setInterval(() => undefined, 1000);`);
}

async function killed(script: Script): Promise<void> {
  script.process.kill("SIGKILL");
  await script.ended;
}

test("a new folder becomes a durable cluster, and its data is there after a restart", () =>
  withOpenFolder(async (dir) => {
    const wanted = options(dir, { durable: true });
    const first = await startEmbeddedPostgres(wanted);
    const url = first.url("postgres");
    assert.match(String(await ask(url, "select version()")), "PostgreSQL 18");
    assert.is(await ask(url, "select current_setting('fsync')"), "on");
    assert.is(await ask(url, "select current_setting('server_encoding')"), "UTF8");
    assert.is(await ask(url, "select upper('é')"), "É");
    await ask(url, "create table kept as select 42 as answer");
    await first.stop();
    assert.not.ok(await runs(first.pid));
    const second = await startEmbeddedPostgres(wanted);
    assert.is(await ask(second.url("postgres"), "select answer from kept"), 42);
    await second.stop();
    assert.equal(await processesWith(dir), []);
  }));

test("only who has the password enters, and only we can read it", () =>
  withOpenFolder(async (dir) => {
    const server = await startEmbeddedPostgres(options(dir));
    const stranger = new URL(server.url("postgres"));
    stranger.password = "guess";
    const error = await ask(stranger.href, "select 1").catch((e: Error) => e);
    assert.match((error as Error).message, "password authentication failed");
    const { mode } = await stat(join(dir, "data", "credentials.json"));
    assert.is(mode & 0o777, 0o600);
    await server.stop();
  }));

test("a second start on the folder is refused, and names the process that has it", () =>
  withOpenFolder(async (dir) => {
    const first = owner(dir);
    assert.match(await first.firstLine, "postgresql://");
    const { message } = await refusal(options(dir));
    assert.match(message, `is in use by pid ${first.process.pid} (PostgreSQL)`);
    await killed(first);
    await (await startEmbeddedPostgres(options(dir))).stop();
  }));

test("after SIGKILL of its owner the server ends, and the next finds what was committed", () =>
  withOpenFolder(async (dir) => {
    const first = owner(dir, true);
    const [pid = "", url = ""] = (await first.firstLine).split(" ");
    await ask(url, "create table kept as select 7 as answer");
    await killed(first);
    const second = await startEmbeddedPostgres(options(dir, { durable: true }));
    assert.not.ok(await runs(Number(pid)), "the old server is gone before the new one starts");
    assert.is(await ask(second.url("postgres"), "select answer from kept"), 7);
    await second.stop();
    assert.equal(await processesWith(dir), []);
  }));

test("after SIGKILL of its owner the server ends even with clients connected", () =>
  withOpenFolder(async (dir) => {
    const first = owner(dir);
    const [pid = "", url = ""] = (await first.firstLine).split(" ");
    const sleeping = ask(url, "select pg_sleep(600)").catch((e) => e);
    await killed(first);
    assert.ok(await becomesTrue(async () => !(await runs(Number(pid))), 2_000));
    assert.instance(await sleeping, Error);
  }));

test("a server that lost owner and wrapper is ended by the next start", () =>
  withOpenFolder(async (dir) => {
    const first = owner(dir);
    const pid = Number((await first.firstLine).split(" ")[0]);
    const session = (await sessionOf(pid)) as number;
    const lines: string[] = [];
    // Both run the shell. The watcher goes first: the wrapper's end is what would alarm it.
    const members = await membersOf(session);
    for (const member of [...members.filter((pid) => pid !== session), session]) {
      const command = await readFile(`/proc/${member}/cmdline`, "utf8").catch(() => "");
      if (command.startsWith("/bin/sh")) process.kill(member, "SIGKILL");
    }
    await killed(first);
    assert.ok(await runs(pid), "nobody told it to end");
    const second = await startEmbeddedPostgres(options(dir, { log: (line) => lines.push(line) }));
    assert.not.ok(await runs(pid));
    assert.match(lines.join("\n"), `(pid ${pid}) that was left on`);
    await second.stop();
  }));

test("an initdb that was cut short does not poison the folder", () =>
  withOpenFolder(async (dir) => {
    const data = join(dir, "data");
    const first = owner(dir);
    const begun = async (): Promise<boolean> =>
      (await readdir(data).catch(() => [])).some((name) => name.startsWith("cluster.new-"));
    assert.ok(await becomesTrue(begun, 5_000));
    await killed(first);
    assert.not.ok((await readdir(data)).includes("cluster"), "it was cut short");
    const server = await startEmbeddedPostgres(options(dir));
    assert.is(await ask(server.url("postgres"), "select 1"), 1);
    await server.stop();
    assert.equal(
      (await readdir(data)).filter((name) => name.includes("new")),
      [],
    );
  }));

test("a server that dies is told, and the folder can be started again", () =>
  withOpenFolder(async (dir) => {
    const first = await startEmbeddedPostgres(options(dir));
    process.kill(first.pid, "SIGKILL");
    assert.equal(await first.exited, { code: null, signal: "SIGKILL" });
    await first.stop();
    const second = await startEmbeddedPostgres(options(dir));
    assert.is(await ask(second.url("postgres"), "select 1"), 1);
    await second.stop();
  }));

test("a fixed port is used, and one that is taken is named with its holder", () =>
  withOpenFolder(async (dir) => {
    const [port = 0] = await findFreePorts(1);
    const server = await startEmbeddedPostgres(options(dir, { port }));
    assert.is(server.port, port);
    await server.stop();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
    const { message } = await refusal(options(dir, { port }));
    assert.match(message, `PostgreSQL cannot have port ${port}: pid ${process.pid} (node`);
    await new Promise((resolve) => squatter.close(resolve));
  }));

test("lost credentials, another role and another version are said in one line each", () =>
  withOpenFolder(async (dir) => {
    const server = await startEmbeddedPostgres(options(dir, { user: "seller" }));
    assert.is(await ask(server.url("postgres"), "select current_user"), "seller");
    await server.stop();
    assert.match((await refusal(options(dir, { user: "other" }))).message, "the role seller");
    const path = join(dir, "data", "credentials.json");
    const kept = await readFile(path, "utf8");
    await writeFile(path, "{");
    assert.match((await refusal(options(dir))).message, `${path} is damaged`);
    await writeFile(path, kept);
    await writeFile(join(server.dataDir, "PG_VERSION"), "15\n");
    assert.match((await refusal(options(dir))).message, "is of PostgreSQL 15, and this is 18");
  }));

test("a folder that is a file, and a note that leads elsewhere, are refused", () =>
  withOpenFolder(async (dir) => {
    await writeFile(join(dir, "file"), "");
    const inFile = options(dir, { dataDir: join(dir, "file") });
    assert.match((await refusal(inFile)).message, "cannot use the folder");
    await mkdir(join(dir, "data"));
    await writeFile(join(dir, "data", "cluster-location"), "/etc/ssl/cluster\n");
    assert.match((await refusal(options(dir))).message, "is not there (/etc/ssl/cluster)");
  }));

test.run();
