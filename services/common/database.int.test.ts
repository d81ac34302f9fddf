/** Connections: one that breaks is an error of whoever uses it, never the process' end; plans that fit a table which grows. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import {
  type Database,
  ensureDatabase,
  migrate,
  openDatabase,
  sql,
  withClient,
  withDatabase,
} from "./database.ts";
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

async function withPool<T>(poolUrl: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ url: poolUrl, poolSize: 1 });
  try {
    return await work(database);
  } finally {
    await database.end();
  }
}

const nameRow = z.object({ statement: z.string() });
const planRow = z.object({ "QUERY PLAN": z.string() });

test("a statement is prepared once a connection, whatever its values", async () => {
  const prepared = await withPool(url, async (database) => {
    for (const value of [1, 2, 3]) await database.query(sql.unsafe`select ${value}::int as v`);
    return database.any(sql.type(nameRow)`
      select statement from pg_prepared_statements where statement like '%as v'`);
  });
  assert.equal(prepared, [{ statement: "select $1::int as v" }]);
});

test("even a plan for an empty table goes by its index, as the table will grow", async () => {
  const plan = await withPool(url, async (database) => {
    await database.query(sql.unsafe`create table grown (id int primary key)`);
    return database.any(sql.type(planRow)`
      explain select * from grown where id = any(${sql.array([1, 2], "int4")})`);
  });
  const text = plan.map((row) => row["QUERY PLAN"]).join("\n");
  assert.match(text, /grown_pkey/);
  assert.not.match(text, /Seq Scan/);
});

test("options of the operator's URL are kept, and win", async () => {
  const own = new URL(url);
  own.searchParams.set("options", "-c enable_seqscan=on -c work_mem=7MB");
  const settingRow = z.object({ seqscan: z.string(), hashjoin: z.string(), memory: z.string() });
  const found = await withPool(own.href, (database) =>
    database.one(sql.type(settingRow)`
      select current_setting('enable_seqscan') as seqscan,
        current_setting('enable_hashjoin') as hashjoin, current_setting('work_mem') as memory`),
  );
  assert.equal(found, { seqscan: "on", hashjoin: "off", memory: "7MB" });
});

test.run();
