/** The outbox and inbox tables: every statement on them, for every service that has them. */
import { z } from "zod";
import type { Followed, Place } from "../bus/bus.ts";
import { type Message, type MessageType, parseMessage } from "../contracts/messages.ts";
import { type Queryable, sql, type Transaction } from "../database.ts";

const claimedRow = z.object({ body: z.unknown(), attempts: z.int() });
const idRow = z.object({ message_id: z.string() });
const countRow = z.object({ count: z.int() });

/**
 * True, and its statement does not wait for the disk. For claims and marks: PostgreSQL losing the
 * last of them in a power cut means that messages are sent once more, which the inbox knows.
 */
const notToDisk = sql.fragment`
  (select set_config('synchronous_commit', 'off', true)) is not null`;

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
    where ctid = any(array(
      -- By their places: joined by id, a planner that has seen the table grow reads all of it.
      select ctid from outbox
      where sent_at is null and due_at <= now()
      order by due_at
      limit ${limit}
      for update skip locked
    )) and ${notToDisk}
    returning body, attempts - 1 as attempts`);
  return rows.map((row) => ({ message: parseMessage(row.body), attempts: row.attempts }));
}

/**
 * Marks messages as taken over. Those with a place are only kept there, and are to be asked about
 * after `askAfterSeconds`; the others are handled.
 */
export async function markSent(
  db: Queryable,
  messageIds: readonly string[],
  places: ReadonlyMap<string, Place> = new Map(),
  askAfterSeconds = 0,
): Promise<void> {
  const rows = messageIds.map((id) => {
    const place = places.get(id);
    return [id, place?.epoch ?? null, place?.sequence ?? null];
  });
  await db.query(sql.unsafe`
    update outbox set sent_at = now(),
      handled_at = case when kept.epoch is null then now() end,
      kept_epoch = kept.epoch, kept_sequence = kept.sequence,
      due_at = now() + make_interval(secs => ${askAfterSeconds})
    from ${sql.unnest(rows, ["text", "text", "int8"])} as kept (message_id, epoch, sequence)
    where outbox.message_id = kept.message_id and sent_at is null and ${notToDisk}`);
}

/** A message that was sent and, as far as its sender knows, not handled. */
export interface Unhandled extends Followed {
  readonly type: MessageType;
}

const unhandledRow = z.object({
  message_id: z.string(),
  type: z.string(),
  kept_epoch: z.string().nullable(),
  kept_sequence: z.int().nullable(),
});

/** Holds up to `limit` rows that are due to be asked about until the transaction ends. */
export async function lockUnhandled(tx: Transaction, limit: number): Promise<readonly Unhandled[]> {
  const rows = await tx.any(sql.type(unhandledRow)`
    select message_id, type, kept_epoch, kept_sequence from outbox
    where sent_at is not null and handled_at is null and due_at <= now()
    order by due_at
    limit ${limit}
    for update skip locked`);
  return rows.map((row) => ({
    messageId: row.message_id,
    type: row.type as MessageType,
    place: { epoch: row.kept_epoch ?? "", sequence: row.kept_sequence ?? 0 },
  }));
}

export async function markHandled(tx: Transaction, messageIds: readonly string[]): Promise<void> {
  if (messageIds.length === 0) return;
  await tx.query(sql.unsafe`
    update outbox set handled_at = now()
    where message_id = any(${sql.array([...messageIds], "text")}) and ${notToDisk}`);
}

/** Puts rows back among those to be sent, at once. */
export async function sendAgain(tx: Transaction, messageIds: readonly string[]): Promise<void> {
  if (messageIds.length === 0) return;
  await tx.query(sql.unsafe`
    update outbox set sent_at = null, due_at = now()
    where message_id = any(${sql.array([...messageIds], "text")}) and handled_at is null`);
}

export async function askLater(
  tx: Transaction,
  messageIds: readonly string[],
  seconds: number,
): Promise<void> {
  if (messageIds.length === 0) return;
  await tx.query(sql.unsafe`
    update outbox set due_at = now() + make_interval(secs => ${seconds})
    where message_id = any(${sql.array([...messageIds], "text")})`);
}

/** Makes all that was sent and not handled due to be asked about now. */
export async function askNow(db: Queryable): Promise<void> {
  await db.query(sql.unsafe`
    update outbox set due_at = now()
    where sent_at is not null and handled_at is null and due_at > now()`);
}

/** Lets a message that could not be delivered be claimed again after a pause. */
export async function postpone(db: Queryable, messageId: string, delayMs: number): Promise<void> {
  await db.query(sql.unsafe`
    update outbox set due_at = now() + make_interval(secs => ${delayMs / 1_000})
    where message_id = ${messageId} and sent_at is null and ${notToDisk}`);
}

/** Messages no bus has taken over: what a metric and the settling of a run look at. */
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

/** Which of these were handled. */
export async function handledOf(
  db: Queryable,
  messageIds: readonly string[],
): Promise<readonly string[]> {
  const rows = await db.any(sql.type(idRow)`
    select message_id from inbox
    where message_id = any(${sql.array([...messageIds], "text")})`);
  return rows.map((row) => row.message_id);
}

export interface KeepDays {
  /** Of a message after it was handled, in its sender's outbox. */
  readonly outbox: number;
  /** Of a mark in the receiver's inbox: longer than any message can be delivered again. */
  readonly inbox: number;
}

/** A message that was not handled is never forgotten, however old. */
export async function forgetOld(db: Queryable, keep: KeepDays): Promise<void> {
  await db.query(sql.unsafe`
    delete from outbox where handled_at < now() - make_interval(days => ${keep.outbox})`);
  await db.query(sql.unsafe`
    delete from inbox where handled_at < now() - make_interval(days => ${keep.inbox})`);
}
