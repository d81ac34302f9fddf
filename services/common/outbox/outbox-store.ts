/** The outbox and inbox tables: every statement on them, for every service that has them. */
import { z } from "zod";
import { type Message, parseMessage } from "../contracts/messages.ts";
import { type Queryable, sql, type Transaction } from "../database.ts";

const claimedRow = z.object({ body: z.unknown(), attempts: z.int() });
const idRow = z.object({ message_id: z.string() });
const countRow = z.object({ count: z.int() });

export interface ClaimedMessage {
  readonly message: Message;
  /** Attempts before this one. */
  readonly attempts: number;
}

/** Writes messages in the transaction that makes them true. A repeated id changes nothing. */
export async function putMessages(tx: Queryable, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return;
  const rows = messages.map((m) => [m.messageId, m.sagaId, m.type, JSON.stringify(m)]);
  await tx.query(sql.unsafe`
    insert into outbox (message_id, saga_id, type, body)
    select * from ${sql.unnest(rows, ["text", "text", "text", "jsonb"])}
    on conflict (message_id) do nothing`);
}

/**
 * Takes up to `limit` due messages for `leaseSeconds`. Nobody else gets them meanwhile; a crash
 * gives them back by itself, so each is delivered at least once.
 */
export async function claimMessages(
  db: Queryable,
  limit: number,
  leaseSeconds: number,
): Promise<readonly ClaimedMessage[]> {
  const rows = await db.any(sql.type(claimedRow)`
    update outbox set due_at = now() + make_interval(secs => ${leaseSeconds}), attempts = attempts + 1
    where message_id in (
      select message_id from outbox
      where sent_at is null and due_at <= now()
      order by due_at
      limit ${limit}
      for update skip locked
    )
    returning body, attempts - 1 as attempts`);
  return rows.map((row) => ({ message: parseMessage(row.body), attempts: row.attempts }));
}

export async function markSent(db: Queryable, messageIds: readonly string[]): Promise<void> {
  await db.query(sql.unsafe`
    update outbox set sent_at = now()
    where message_id = any(${sql.array([...messageIds], "text")}) and sent_at is null`);
}

/** Lets a message that could not be delivered be claimed again after a pause. */
export async function postpone(db: Queryable, messageId: string, delayMs: number): Promise<void> {
  await db.query(sql.unsafe`
    update outbox set due_at = now() + make_interval(secs => ${delayMs / 1_000})
    where message_id = ${messageId} and sent_at is null`);
}

/** Messages not yet delivered: what a metric and the settling of a run look at. */
export async function countUnsent(db: Queryable): Promise<number> {
  const row = await db.one(sql.type(countRow)`
    select count(*)::int as count from outbox where sent_at is null`);
  return row.count;
}

const unsentRow = z.object({
  type: z.string(),
  since: z.string(),
  /** Hand-overs tried so far. */
  attempts: z.int(),
  nextAttemptAt: z.string(),
});
export type UnsentMessage = z.infer<typeof unsentRow>;

/** What one saga's receivers have not taken over yet, oldest first. */
export async function unsentOf(db: Queryable, sagaId: string): Promise<readonly UnsentMessage[]> {
  return db.any(sql.type(unsentRow)`
    select type, created_at as since, attempts, due_at as "nextAttemptAt"
    from outbox where sent_at is null and saga_id = ${sagaId}
    order by created_at`);
}

/**
 * Marks messages as handled, in the transaction of their effects.
 * @returns those that were not handled before: for the others the caller must change nothing.
 */
export async function firstTimes(
  tx: Transaction,
  messageIds: readonly string[],
): Promise<ReadonlySet<string>> {
  // In order: a mark waits for another of the same message, and nobody must wait in a circle.
  const rows = [...new Set(messageIds)].sort().map((id) => [id]);
  const marked = await tx.any(sql.type(idRow)`
    insert into inbox (message_id) select * from ${sql.unnest(rows, ["text"])}
    on conflict do nothing returning message_id`);
  return new Set(marked.map((row) => row.message_id));
}

/** The same for one: false when it was handled before. */
export async function firstTime(tx: Transaction, messageId: string): Promise<boolean> {
  return (await firstTimes(tx, [messageId])).has(messageId);
}

/** Forgets what was delivered and handled longer ago than any redelivery can be. */
export async function forgetOld(db: Queryable, olderThanDays: number): Promise<void> {
  await db.query(sql.unsafe`
    delete from outbox where sent_at < now() - make_interval(days => ${olderThanDays})`);
  await db.query(sql.unsafe`
    delete from inbox where handled_at < now() - make_interval(days => ${2 * olderThanDays})`);
}
