/** The one door to PostgreSQL: pools, transactions, migrations. SQL itself stands in `*-store.ts` and `sql/`. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createPgDriverFactory } from "@slonik/pg-driver";
import pg from "pg";
import {
  type ClientConfigurationInput,
  type CommonQueryMethods,
  createPool,
  type DatabasePool,
  type DatabaseTransactionConnection,
  type Interceptor,
  SchemaValidationError,
  sql,
} from "slonik";
import { UnavailableError } from "./errors.ts";
import { statementNames } from "./prepared-statements.ts";

export { sql };
export type Database = DatabasePool;
/** Inside a transaction: what stores take when a change must be one with other changes. */
export type Transaction = DatabaseTransactionConnection;
/** Either: for statements that stand alone as well as inside a transaction. */
export type Queryable = CommonQueryMethods;

/** Rows are checked against the schema of `sql.type`, so that a wrong column is an error here, not later. */
const checkRows: Interceptor = {
  name: "check-rows",
  transformRow: (context, query, row) => {
    const parser = context.resultParser as
      | { safeParse?: (row: unknown) => { success: boolean; data?: unknown; error?: unknown } }
      | undefined;
    if (!parser?.safeParse) return row;
    const parsed = parser.safeParse(row);
    if (parsed.success) return parsed.data as typeof row;
    throw new SchemaValidationError(query, row, parsed.error as never);
  },
};

function nameStatements(): Interceptor {
  const nameOf = statementNames();
  return {
    name: "name-statements",
    transformQuery: (_context, query) => {
      const name = nameOf(query.sql);
      return name === undefined ? query : { ...query, name };
    },
  };
}

/** int8 as number: our ids and counts stay far below 2^53, and a larger one must not be rounded. */
function exactNumber(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Error(`bigint ${value} does not fit a number`);
  return number;
}

const TYPE_PARSERS = [
  { name: "int8", parse: exactNumber },
  // Money stays text until money.ts makes whole cents of it.
  { name: "numeric", parse: (value: string) => value },
  { name: "timestamptz", parse: (value: string) => new Date(value).toISOString() },
];

/**
 * Every statement of a service goes by an index. A plan is made when its statement is first run, and
 * the tables of a new sale are empty then: reading all of them looks cheap, and stays planned when
 * they hold a million rows. Lists and reports read a page at a time, so they fare well with it too.
 */
const PLANNING = ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"]
  .map((setting) => `-c ${setting}=off`)
  .join(" ");

export interface DatabaseOptions {
  /** postgresql://user:password@host:port/database */
  readonly url: string;
  readonly poolSize: number;
}

/**
 * Opens a pool on a database that exists.
 * @throws UnavailableError when PostgreSQL does not answer within 5 s.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  let pool: Database | undefined;
  try {
    // Making a pool asks the server already.
    pool = await createPool(withSessionOptions(options.url), poolOptions(options));
    await pool.query(sql.unsafe`select 1`);
    return pool;
  } catch (error) {
    await pool?.end();
    throw new UnavailableError(
      `PostgreSQL does not answer at ${location(options.url)}: ${reason(error)}`,
    );
  }
}

function poolOptions({ poolSize }: DatabaseOptions): ClientConfigurationInput {
  return {
    driverFactory: createPgDriverFactory(),
    maximumPoolSize: poolSize,
    connectionTimeout: 5_000,
    connectionRetryLimit: 1,
    // Connections come back clean: no session state is ever set, and DISCARD ALL is a round trip.
    resetConnection: async () => {},
    // A stack trace for each query costs more than most of our queries.
    captureStackTrace: false,
    idleTimeout: 60_000,
    statementTimeout: 15_000,
    idleInTransactionSessionTimeout: 30_000,
    // A retried handler must be one that only touches the database: ours are.
    transactionRetryLimit: 3,
    typeParsers: TYPE_PARSERS,
    interceptors: [checkRows, nameStatements()],
  };
}

/** True when the database answers a question now. */
export async function answers(database: Database): Promise<boolean> {
  try {
    await database.query(sql.unsafe`select 1`);
    return true;
  } catch {
    return false;
  }
}

/**
 * Creates the database that the URL names, unless it is there; safe for several processes at once.
 * @throws UnavailableError when the server cannot be reached or does not allow it.
 */
export async function ensureDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  try {
    await withClient(withDatabase(url, "postgres"), async (client) => {
      const found = await client.query("select 1 from pg_database where datname = $1", [name]);
      if (found.rowCount) return;
      // The name comes from configuration; identifiers cannot be parameters.
      await client.query(`create database ${client.escapeIdentifier(name)}`).catch((error) => {
        // duplicate_database, or its unique index: another process was faster.
        if (error.code !== "42P04" && error.code !== "23505") throw error;
      });
    });
  } catch (error) {
    throw new UnavailableError(
      `the database ${name} at ${location(url)} cannot be reached or created: ${reason(error)}`,
    );
  }
}

/**
 * Applies each `NNN-name.sql` of the folders once, in the order given, each in a transaction, one
 * process at a time. A file that changed after it was applied stops the start: it tells of a
 * database that is not what the code believes.
 * @throws UnavailableError when the server cannot be reached, or goes away meanwhile
 */
export async function migrate(url: string, folders: readonly string[]): Promise<void> {
  try {
    await applyMigrations(url, folders);
  } catch (error) {
    if (!isAway(error)) throw error;
    throw new UnavailableError(`PostgreSQL at ${location(url)} went away: ${reason(error)}`);
  }
}

/** Tells a server that is not there, or not yet or no longer, from one that refuses what is asked. */
function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { readonly code?: unknown }).code;
  if (typeof code === "string") return /^(08|57P|ECONN|EPIPE|ETIMEDOUT)/.test(code);
  // What the client says by itself of a connection that broke.
  return /^Connection terminated|connection error|timeout expired/i.test(error.message);
}

async function applyMigrations(url: string, folders: readonly string[]): Promise<void> {
  await withClient(url, async (client) => {
    // The number is arbitrary; every process that migrates this database uses the same.
    await client.query("select pg_advisory_lock(7263001)");
    await client.query(`create table if not exists schema_migration (
      name text primary key, checksum text not null, applied_at timestamptz not null default now())`);
    const applied = await client.query<{ name: string; checksum: string }>(
      "select name, checksum from schema_migration",
    );
    const known = new Map(applied.rows.map((row) => [row.name, row.checksum]));
    for (const file of await migrationFiles(folders)) {
      const checksum = createHash("sha256").update(file.text).digest("hex");
      const before = known.get(file.name);
      if (before === checksum) continue;
      if (before) throw new Error(`migration ${file.name} was changed after it had been applied`);
      await client.query("begin");
      await client.query(file.text);
      await client.query("insert into schema_migration (name, checksum) values ($1, $2)", [
        file.name,
        checksum,
      ]);
      await client.query("commit");
    }
  });
}

async function migrationFiles(folders: readonly string[]) {
  const files: { name: string; text: string }[] = [];
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
    for (const name of names)
      files.push({ name, text: await readFile(join(folder, name), "utf8") });
  }
  return files;
}

/**
 * Runs work on a connection of its own, outside any pool; closing it also ends locks and transactions.
 * A connection that breaks between two queries makes the next one fail, and nothing else.
 */
export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // Without a listener a cut between two queries would end the process.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The same server and user, another database. */
export function withDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

/** Ours first: what the operator's URL says itself comes later and wins. */
function withSessionOptions(url: string): string {
  const own = new URL(url);
  const given = own.searchParams.get("options");
  own.searchParams.set("options", given === null ? PLANNING : `${PLANNING} ${given}`);
  return own.href;
}

/** host:port of a URL, for messages: never the password. */
export function location(url: string): string {
  return new URL(url).host;
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join("; ");
  const cause =
    error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return error instanceof Error ? `${error.message}${cause}` : String(error);
}
