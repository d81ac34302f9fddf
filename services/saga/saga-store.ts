/** The saga tables: every statement on them. */
import { z } from "zod";
import { type SagaState, sagaState } from "../common/contracts/saga.ts";
import { type Queryable, sql, type Transaction } from "../common/database.ts";
import { LIMITS } from "../common/limits.ts";
import { centsFromText, textFromCents } from "../common/money.ts";
import type { At, BookingState } from "./booking-saga.ts";
import { type Deadline, OVERDUE_ATTEMPTS, type Step } from "./step.ts";

/** What stays the same for a saga from its first message on. */
export interface Booking {
  readonly sagaId: string;
  readonly reservationId: number;
  readonly userId: number;
  readonly amountCents: number;
}

const STATE_NAMES: Readonly<Record<At, SagaState>> = {
  charging: "CHARGING",
  confirming: "CONFIRMING",
  cancelling: "CANCELLING",
  refunding: "REFUNDING",
  completed: "COMPLETED",
  compensated: "COMPENSATED",
};

const columns = sql.fragment`
  saga_id, reservation_id, user_id, amount, state, money, because, deadline_at, attempts,
  started_at, updated_at`;

/** Asked again several times in vain, or not looked at half a minute too long. */
const isOverdue = sql.fragment`
  (deadline_at is not null
    and (attempts >= ${OVERDUE_ATTEMPTS} or deadline_at < now() - interval '30 seconds'))`;

const readColumns = sql.fragment`${columns}, ${isOverdue} as overdue`;

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

/** Locks a saga until the transaction ends, waiting for whoever holds it; undefined: none. */
export async function lockSaga(tx: Transaction, sagaId: string): Promise<LockedSaga | undefined> {
  const row = await tx.maybeOne(sql.type(lockedRow)`
    select ${lockedColumns} from saga where saga_id = ${sagaId} for update`);
  return row ?? undefined;
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

/**
 * Writes a saga's first step.
 * @returns false when the saga exists: another transaction began it, and has committed by now.
 */
export async function beginSaga(tx: Transaction, booking: Booking, step: Step): Promise<boolean> {
  const { state, money, because } = columnsOf(step.to);
  const began = await tx.query(sql.unsafe`
    with begun as (
      insert into saga (${columns})
      values (${booking.sagaId}, ${booking.reservationId}, ${booking.userId},
        ${textFromCents(booking.amountCents)}::numeric, ${state}, ${money}, ${because},
        ${deadlineAt(step.deadline)}, ${step.attempts}, clock_timestamp(), clock_timestamp())
      on conflict (saga_id) do nothing
      returning saga_id
    )
    insert into saga_log (saga_id, at, event, from_state, to_state, sent, note)
    select saga_id, ${logValues(step)} from begun`);
  return began.rowCount === 1;
}

/** Writes a later step: the saga's row, unless it stays as it is, and a row of its timeline. */
export async function recordStep(tx: Transaction, sagaId: string, step: Step): Promise<void> {
  if (step.changes !== "nothing") {
    const { state, money, because } = columnsOf(step.to);
    // A question asked again is no change of the saga: what hangs is found by its age.
    const updatedAt =
      step.changes === "state" ? sql.fragment`clock_timestamp()` : sql.fragment`updated_at`;
    await tx.query(sql.unsafe`
      with changed as (
        update saga set state = ${state}, money = ${money}, because = ${because},
          deadline_at = ${deadlineAt(step.deadline)}, attempts = ${step.attempts},
          updated_at = ${updatedAt}
        where saga_id = ${sagaId}
        returning saga_id
      )
      insert into saga_log (saga_id, at, event, from_state, to_state, sent, note)
      select saga_id, ${logValues(step)} from changed`);
    return;
  }
  await tx.query(sql.unsafe`
    insert into saga_log (saga_id, at, event, from_state, to_state, sent, note)
    values (${sagaId}, ${logValues(step)})`);
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

function deadlineAt(deadline: Deadline) {
  if (deadline === "keep") return sql.fragment`deadline_at`;
  if (deadline === "none") return sql.fragment`null`;
  return sql.fragment`now() + make_interval(secs => ${deadline.inSeconds})`;
}

/** The clock of the moment, not of the transaction's start: waiting for the row took time. */
function logValues({ event, from, to, send, note }: Step) {
  return sql.fragment`clock_timestamp(), ${event}, ${from ? STATE_NAMES[from.at] : null},
    ${STATE_NAMES[to.at]}, ${sql.array([...send], "text")}, ${note}`;
}

function columnsOf(state: BookingState) {
  return {
    state: STATE_NAMES[state.at],
    money: state.at === "cancelling" ? state.money : null,
    because: "because" in state ? state.because : null,
  };
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

function stateFromColumns(row: z.output<typeof sagaColumns>): BookingState {
  const because = row.because ?? "";
  switch (row.state) {
    case "CHARGING":
      return { at: "charging" };
    case "CONFIRMING":
      return { at: "confirming" };
    case "CANCELLING":
      return { at: "cancelling", money: row.money ?? "open", because };
    case "REFUNDING":
      return { at: "refunding", because };
    case "COMPLETED":
      return { at: "completed" };
    case "COMPENSATED":
      return { at: "compensated", because };
  }
}
