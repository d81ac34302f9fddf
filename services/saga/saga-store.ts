/** The saga tables: every statement on them. */
import { z } from "zod";
import { type SagaState, sagaState } from "../common/contracts/saga.ts";
import { type Queryable, sql, type Transaction } from "../common/database.ts";
import { LIMITS } from "../common/limits.ts";
import { centsFromText } from "../common/money.ts";
import { stateFromColumns } from "./saga-columns.ts";
import { OVERDUE_ATTEMPTS } from "./step.ts";

/** What stays the same for a saga from its first message on. */
export interface Booking {
  readonly sagaId: string;
  readonly reservationId: number;
  readonly userId: number;
  readonly amountCents: number;
}

/** Asked again several times in vain, or not looked at half a minute too long. */
const isOverdue = sql.fragment`
  (deadline_at is not null
    and (attempts >= ${OVERDUE_ATTEMPTS} or deadline_at < now() - interval '30 seconds'))`;

const readColumns = sql.fragment`
  saga_id, reservation_id, user_id, amount, state, money, because, deadline_at, attempts,
  started_at, updated_at, ${isOverdue} as overdue`;

/** The table's constraints keep state, money and because together; this reads what they allow. */
const sagaColumns = z.object({
  saga_id: z.string(),
  reservation_id: z.int(),
  user_id: z.int(),
  amount: z.string().transform(centsFromText),
  state: sagaState,
  money: z.enum(["none", "open"]).nullable(),
  because: z.string().nullable(),
  deadline_at: z.string().nullable(),
  attempts: z.int(),
  started_at: z.string(),
  updated_at: z.string(),
  overdue: z.boolean(),
});

const sagaRow = sagaColumns.transform(sagaFromColumns);
const lockedRow = sagaColumns
  .extend({ waited_seconds: z.int() })
  .transform((row) => ({ ...sagaFromColumns(row), waitedSeconds: row.waited_seconds }));
const jsonInstant = z.string().transform((text) => new Date(text).toISOString());
const logEntry = z.object({
  at: jsonInstant,
  event: z.string(),
  from: sagaState.nullable(),
  to: sagaState,
  sent: z.array(z.string()),
  note: z.string(),
});
const sagaWithTimelineRow = sagaColumns
  .extend({ timeline: z.array(logEntry) })
  .transform((row) => ({ ...sagaFromColumns(row), timeline: row.timeline }));
const ledgerRow = z
  .object({ saga_id: z.string(), reservation_id: z.int(), state: sagaState })
  .transform((row) => ({
    sagaId: row.saga_id,
    reservationId: row.reservation_id,
    state: row.state,
  }));
const openCountsRow = z.object({
  charging: z.int(),
  confirming: z.int(),
  cancelling: z.int(),
  refunding: z.int(),
  overdue: z.int(),
  longest_wait_seconds: z.number(),
});

/** A saga as it is stored. */
export type StoredSaga = ReturnType<typeof sagaFromColumns>;
/** One whose row this transaction holds; `waitedSeconds` since its state was entered, whole. */
export type LockedSaga = z.infer<typeof lockedRow>;
export type SagaWithTimeline = z.infer<typeof sagaWithTimelineRow>;
/** Sagas that have not ended, by state; `overdue` is a part of them. */
export type OpenCounts = z.infer<typeof openCountsRow>;

const lockedColumns = sql.fragment`
  ${readColumns}, greatest(0, round(extract(epoch from now() - updated_at)))::int as waited_seconds`;

/** Locks those of the sagas that exist until the transaction ends, waiting for whoever holds one. */
export async function lockSagas(
  tx: Transaction,
  sagaIds: readonly string[],
): Promise<readonly LockedSaga[]> {
  // In the order of their ids, so that two of us never wait for each other in a circle.
  return tx.any(sql.type(lockedRow)`
    select ${lockedColumns} from saga
    where saga_id = any(${sql.array([...sagaIds], "text")})
    order by saga_id
    for update`);
}

/** Locks up to `limit` sagas whose deadline has passed and that nobody else holds, oldest first. */
export async function lockDueSagas(tx: Transaction, limit: number): Promise<readonly LockedSaga[]> {
  return tx.any(sql.type(lockedRow)`
    select ${lockedColumns} from saga
    where deadline_at <= now()
    order by deadline_at
    limit ${limit}
    for update skip locked`);
}

/** A saga and its timeline, oldest entry first, as one statement sees them. */
export async function readSaga(
  db: Queryable,
  sagaId: string,
): Promise<SagaWithTimeline | undefined> {
  const row = await db.maybeOne(sql.type(sagaWithTimelineRow)`
    select ${readColumns}, (
      select coalesce(json_agg(json_build_object('at', at, 'event', event, 'from', from_state,
        'to', to_state, 'sent', sent, 'note', note) order by seq), '[]')
      from (
        select * from saga_log where saga_log.saga_id = saga.saga_id
        order by seq desc limit ${LIMITS.ledgerRows}
      ) latest
    ) as timeline
    from saga where saga_id = ${sagaId}`);
  return row ?? undefined;
}

export interface SagaFilter {
  readonly state?: SagaState | undefined;
  /** Milliseconds since 1970: whose state changed last before it. */
  readonly changedBeforeMs?: number | undefined;
  readonly overdueOnly?: boolean;
  readonly reservationId?: number | undefined;
  readonly afterReservation: number;
  readonly limit: number;
}

/** A page of sagas by reservation id; more than `limit` only where reservations share an id. */
export async function listSagas(db: Queryable, filter: SagaFilter): Promise<readonly StoredSaga[]> {
  const { state, changedBeforeMs, reservationId } = filter;
  const inState = state ? sql.fragment`and state = ${state}` : sql.fragment``;
  const before =
    changedBeforeMs === undefined
      ? sql.fragment``
      : // As a number: PostgreSQL does not read every instant that ISO-8601 can write (year 0000).
        sql.fragment`and updated_at < to_timestamp(${changedBeforeMs / 1_000})`;
  const overdue = filter.overdueOnly ? sql.fragment`and ${isOverdue}` : sql.fragment``;
  const one =
    reservationId === undefined
      ? sql.fragment``
      : sql.fragment`and reservation_id = ${reservationId}`;
  return db.any(sql.type(sagaRow)`
    select ${readColumns} from saga
    where reservation_id > ${filter.afterReservation} ${inState} ${before} ${overdue} ${one}
    order by reservation_id
    fetch first ${filter.limit} rows with ties`);
}

export interface LedgerRange {
  readonly afterReservation: number;
  readonly untilReservation: number;
  readonly limit: number;
}

/** A page of the books; `with ties` so that no saga falls between two pages. */
export async function readLedger(db: Queryable, range: LedgerRange) {
  return db.any(sql.type(ledgerRow)`
    select saga_id, reservation_id, state from saga
    where reservation_id > ${range.afterReservation}
      and reservation_id <= ${range.untilReservation}
    order by reservation_id
    fetch first ${range.limit} rows with ties`);
}

/** Counts what has not ended; what has is not looked at, so this stays cheap in a large table. */
export async function countOpen(db: Queryable): Promise<OpenCounts> {
  return db.one(sql.type(openCountsRow)`
    select
      count(*) filter (where state = 'CHARGING')::int as charging,
      count(*) filter (where state = 'CONFIRMING')::int as confirming,
      count(*) filter (where state = 'CANCELLING')::int as cancelling,
      count(*) filter (where state = 'REFUNDING')::int as refunding,
      count(*) filter (where ${isOverdue})::int as overdue,
      coalesce(greatest(0, extract(epoch from now() - min(updated_at))), 0)::float8
        as longest_wait_seconds
    from saga where deadline_at is not null`);
}

/** The open saga whose state changed longest ago. */
export async function oldestOpen(db: Queryable): Promise<StoredSaga | undefined> {
  const row = await db.maybeOne(sql.type(sagaRow)`
    select ${readColumns} from saga where deadline_at is not null
    order by updated_at limit 1`);
  return row ?? undefined;
}

function sagaFromColumns(row: z.output<typeof sagaColumns>) {
  const booking: Booking = {
    sagaId: row.saga_id,
    reservationId: row.reservation_id,
    userId: row.user_id,
    amountCents: row.amount,
  };
  return {
    booking,
    name: row.state,
    state: stateFromColumns(row),
    attempts: row.attempts,
    overdue: row.overdue,
    deadlineAt: row.deadline_at,
    startedAt: row.started_at,
    updatedAt: row.updated_at,
  };
}
