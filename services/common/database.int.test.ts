/** Connections outside the pool: one that breaks is an error of whoever uses it, never the process' end. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureDatabase, migrate, withClient, withDatabase } from "./database.ts";
import { UnavailableError } from "./errors.ts";
import { testDatabaseServer } from "./testing/service-harness.ts";

const name = `t_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
const url = withDatabase(testDatabaseServer(), name);

test.before(() => ensureDatabase(url));

test.after(async () => {
  await withClient(testDatabaseServer(), (client) =>
    client.query(`drop database ${name} with (force)`),
  );
});

/** Ends every other session of our database, as a crash of the server would. */
const cutOthers = () =>
  withClient(testDatabaseServer(), (client) =>
    client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [
      name,
    ]),
  );

test("a connection that is cut between two queries fails the next one, and the process lives", async () => {
  const failed = await withClient(url, async (client) => {
    await client.query("select 1");
    // Not events.once, which would listen for errors too.
    const ended = new Promise((resolve) => client.once("end", resolve));
    await cutOthers();
    await ended;
    return client.query("select 1").then(
      () => undefined,
      (error: Error) => error,
    );
  });
  assert.instance(failed, Error);
});

test("migrations that lose their server say so in one line, and go on from where they were", async () => {
  const folder = await mkdtemp(join(tmpdir(), "reservex-test-"));
  try {
    await writeFile(join(folder, "001-first.sql"), "create table first (id int);");
    const cutting = "create table second (id int); select pg_terminate_backend(pg_backend_pid());";
    await writeFile(join(folder, "002-second.sql"), cutting);
    await migrate(url, [folder]).then(
      () => assert.unreachable("it lost its server"),
      (error: unknown) => {
        assert.instance(error, UnavailableError);
        assert.match((error as Error).message, /^PostgreSQL at [\w.:]+ went away: [^\n]+$/);
      },
    );
    await writeFile(join(folder, "002-second.sql"), "create table second (id int);");
    await migrate(url, [folder]);
    const { rows } = await withClient(url, (client) =>
      client.query("select name from schema_migration order by name"),
    );
    assert.equal(
      rows.map((row) => row.name),
      ["001-first.sql", "002-second.sql"],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.run();
