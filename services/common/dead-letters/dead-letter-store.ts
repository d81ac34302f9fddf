/** The table of dead letters: every statement on it, for every service that consumes messages. */
import { z } from "zod";
import type { DeadLetter } from "../bus/bus.ts";
import { type Queryable, sql, type Transaction } from "../database.ts";

export interface LetterHead {
  readonly sagaId: string;
  readonly type: string;
}

const letterRow = z
  .object({
    id: z.string(),
    subject: z.string(),
    saga_id: z.string().nullable(),
    type: z.string().nullable(),
    payload: z.string(),
    attempts: z.int(),
    last_error: z.string(),
    since: z.string(),
    due_at: z.string().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    subject: row.subject,
    sagaId: row.saga_id,
    type: row.type,
    payload: row.payload,
    attempts: row.attempts,
    lastError: row.last_error,
    since: row.since,
    nextAttemptAt: row.due_at,
  }));
const idRow = z.object({ id: z.string() });
const countRow = z.object({ count: z.int() });

export type StoredLetter = z.output<typeof letterRow>;

const columns = sql.fragment`
  id, subject, saga_id, type, payload, attempts, last_error, since, due_at`;

/**
 * Keeps a letter. The same one again adds its deliveries.
 * @param retrySeconds until it is tried again; undefined: only an operator has it tried
 */
export async function keepLetter(
  db: Queryable,
  letter: DeadLetter,
  head: LetterHead | undefined,
  retrySeconds: number | undefined,
): Promise<void> {
  await db.query(sql.unsafe`
    insert into dead_letter (id, subject, saga_id, type, payload, attempts, last_error, due_at)
    values (${letter.id}, ${letter.subject}, ${head?.sagaId ?? null}, ${head?.type ?? null},
      ${letter.payload}, ${letter.deliveries}, ${letter.error},
      now() + make_interval(secs => ${retrySeconds ?? null}))
    on conflict (id) do update
    set attempts = dead_letter.attempts + excluded.attempts, last_error = excluded.last_error`);
}

/** One that is due and that nobody else is trying; its row is held until the transaction ends. */
export async function lockDueLetter(tx: Transaction): Promise<StoredLetter | undefined> {
  const row = await tx.maybeOne(sql.type(letterRow)`
    select ${columns} from dead_letter
    where due_at <= now()
    order by due_at
    limit 1
    for update skip locked`);
  return row ?? undefined;
}

export async function forgetLetter(tx: Transaction, id: string): Promise<void> {
  await tx.query(sql.unsafe`delete from dead_letter where id = ${id}`);
}

/** One more attempt failed. `retrySeconds` as in {@link keepLetter}. */
export async function postponeLetter(
  tx: Transaction,
  id: string,
  error: string,
  retrySeconds: number | undefined,
): Promise<void> {
  await tx.query(sql.unsafe`
    update dead_letter set attempts = attempts + 1, last_error = ${error},
      due_at = now() + make_interval(secs => ${retrySeconds ?? null})
    where id = ${id}`);
}

/** Makes letters due now. @returns the ids of those that are there. */
export async function makeDue(
  db: Queryable,
  ids: readonly string[] | "all",
): Promise<readonly string[]> {
  const which =
    ids === "all" ? sql.fragment`true` : sql.fragment`id = any(${sql.array([...ids], "text")})`;
  const rows = await db.any(sql.type(idRow)`
    update dead_letter set due_at = now() where ${which} returning id`);
  return rows.map((row) => row.id);
}

/** A page by id. */
export async function listLetters(
  db: Queryable,
  after: string,
  limit: number,
): Promise<readonly StoredLetter[]> {
  return db.any(sql.type(letterRow)`
    select ${columns} from dead_letter where id > ${after} order by id limit ${limit}`);
}

export async function readLetter(db: Queryable, id: string): Promise<StoredLetter | undefined> {
  const row = await db.maybeOne(sql.type(letterRow)`
    select ${columns} from dead_letter where id = ${id}`);
  return row ?? undefined;
}

/** Which of these messages are kept. */
export async function parkedOf(
  db: Queryable,
  messageIds: readonly string[],
): Promise<readonly string[]> {
  const rows = await db.any(sql.type(idRow)`
    select id from dead_letter where id = any(${sql.array([...messageIds], "text")})`);
  return rows.map((row) => row.id);
}

export async function countLetters(db: Queryable): Promise<number> {
  const row = await db.one(sql.type(countRow)`select count(*)::int as count from dead_letter`);
  return row.count;
}
