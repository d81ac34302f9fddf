/** The payment table: every statement on it. */
import { z } from "zod";
import { type PaymentStatus, paymentStatus } from "../common/contracts/payment.ts";
import { type Queryable, sql, type Transaction } from "../common/database.ts";
import { centsFromText, textFromCents } from "../common/money.ts";

const paymentRow = z.object({
  id: z.string(),
  sagaId: z.string(),
  reservationId: z.int(),
  userId: z.int(),
  amountCents: z.string().transform(centsFromText),
  status: paymentStatus,
  transactionId: z.string().nullable(),
  failureReason: z.string().nullable(),
  refundOrdered: z.boolean(),
  attempts: z.int(),
  createdAt: z.string(),
  completedAt: z.string().nullable(),
});
/** `attempts`: claims since it came into its status, with or without a refund order. */
export type StoredPayment = z.infer<typeof paymentRow>;

const claimedRow = paymentRow.extend({ before: paymentStatus });
/** `before`: the status it had when it was claimed; a PENDING one is PROCESSING now. */
export type ClaimedPayment = z.infer<typeof claimedRow>;

const sagaRow = z.object({ sagaId: z.string() });
const backlogRow = z.object({ unknown: z.int(), refunds: z.int() });

const COLUMNS = sql.fragment`p.id, p.saga_id as "sagaId", p.reservation_id as "reservationId",
  p.user_id as "userId", p.amount as "amountCents", p.status, p.transaction_id as "transactionId",
  p.failure_reason as "failureReason", p.refund_ordered_at is not null as "refundOrdered",
  p.attempts, p.created_at as "createdAt", p.completed_at as "completedAt"`;

/** What an order says of a payment. */
export interface NewPayment {
  readonly id: string;
  readonly sagaId: string;
  readonly reservationId: number;
  readonly userId: number;
  readonly amountCents: number;
}

/** Reservation ids above `after`, up to and with `until`. */
export interface ReservationRange {
  readonly after: number;
  readonly until: number;
}

/**
 * Opens sagas' payments, one each.
 * @returns the sagas that had none before; for the others nothing was changed.
 */
export async function insertPending(
  tx: Transaction,
  payments: readonly NewPayment[],
): Promise<ReadonlySet<string>> {
  if (payments.length === 0) return new Set();
  // In the order of the sagas: an insert waits for another of the same one.
  const rows = payments
    .toSorted((a, b) => (a.sagaId < b.sagaId ? -1 : 1))
    .map((p) => [p.id, p.sagaId, p.reservationId, p.userId, textFromCents(p.amountCents)]);
  const opened = await tx.any(sql.type(sagaRow)`
    insert into payment (id, saga_id, reservation_id, user_id, amount, status)
    select *, 'PENDING' from ${sql.unnest(rows, ["text", "text", "int4", "int4", "numeric"])}
    on conflict (saga_id) do nothing returning saga_id as "sagaId"`);
  return new Set(opened.map(({ sagaId }) => sagaId));
}

/** Writes a payment that failed before it began. Returns undefined when the saga has one. */
export async function insertTombstone(
  tx: Transaction,
  payment: NewPayment,
  reason: string,
): Promise<StoredPayment | undefined> {
  const row = await tx.maybeOne(sql.type(paymentRow)`
    insert into payment as p
      (id, saga_id, reservation_id, user_id, amount, status, failure_reason, due_at)
    values (${payment.id}, ${payment.sagaId}, ${payment.reservationId}, ${payment.userId},
      ${textFromCents(payment.amountCents)}::numeric, 'FAILED', ${reason}, null)
    on conflict (saga_id) do nothing
    returning ${COLUMNS}`);
  return row ?? undefined;
}

/** The saga's payment, locked until the transaction ends. */
export async function lockBySaga(
  tx: Transaction,
  sagaId: string,
): Promise<StoredPayment | undefined> {
  const row = await tx.maybeOne(sql.type(paymentRow)`
    select ${COLUMNS} from payment p where p.saga_id = ${sagaId} for update`);
  return row ?? undefined;
}

/** Fails a payment that the provider was never asked about. */
export async function failPending(
  tx: Transaction,
  id: string,
  reason: string,
): Promise<StoredPayment | undefined> {
  const row = await tx.maybeOne(sql.type(paymentRow)`
    update payment p set status = 'FAILED', failure_reason = ${reason}, due_at = null
    where p.id = ${id} and p.status = 'PENDING'
    returning ${COLUMNS}`);
  return row ?? undefined;
}

/** Makes a worker bring the money back; due at once, whatever back-off it was in. */
export async function orderRefund(tx: Transaction, id: string): Promise<void> {
  await tx.query(sql.unsafe`
    update payment set refund_ordered_at = now(), due_at = now(), attempts = 0
    where id = ${id} and refund_ordered_at is null and status in ('PROCESSING', 'COMPLETED')`);
}

/**
 * Takes up to `limit` due payments for `leaseSeconds`. Nobody else gets them meanwhile; a crash
 * gives them back by itself, and whoever gets them then must ask before acting.
 */
export function claimDue(
  db: Queryable,
  limit: number,
  leaseSeconds: number,
): Promise<readonly ClaimedPayment[]> {
  return db.any(sql.type(claimedRow)`
    with due as (
      select id, status from payment
      where due_at <= now()
      order by due_at
      limit ${limit}
      for update skip locked
    )
    update payment p set
      status = case p.status when 'PENDING' then 'PROCESSING' else p.status end,
      -- Whoever had it before has not come back: nobody knows what the provider did.
      unknown_since = case p.status when 'PROCESSING' then coalesce(p.unknown_since, now()) end,
      attempts = p.attempts + 1,
      due_at = now() + make_interval(secs => ${leaseSeconds})
    from due where p.id = due.id
    returning ${COLUMNS}, due.status as before`);
}

export interface Capture {
  readonly id: string;
  readonly transactionId: string;
  /** By the provider's clock. */
  readonly capturedAt: string;
}

/** PROCESSING → COMPLETED, and due at once where a refund was ordered. Returns those that changed. */
export async function recordCaptured(
  tx: Transaction,
  captures: readonly Capture[],
): Promise<readonly StoredPayment[]> {
  if (captures.length === 0) return [];
  const rows = captures.map((one) => [one.id, one.transactionId, one.capturedAt]);
  return tx.any(sql.type(paymentRow)`
    update payment p set status = 'COMPLETED', transaction_id = o.transaction_id,
      captured_at = o.captured_at, completed_at = now(), failure_reason = null, unknown_since = null, attempts = 0,
      due_at = case when p.refund_ordered_at is not null then now() end
    from ${sql.unnest(rows, ["text", "text", "timestamptz"])}
      as o (id, transaction_id, captured_at)
    where p.id = o.id and p.status = 'PROCESSING'
    returning ${COLUMNS}`);
}

export interface Failure {
  readonly id: string;
  readonly reason: string;
}

/** PROCESSING → FAILED: the provider has said that no money moved and none will. */
export async function recordFailed(
  tx: Transaction,
  failures: readonly Failure[],
): Promise<readonly StoredPayment[]> {
  if (failures.length === 0) return [];
  const rows = failures.map((one) => [one.id, one.reason]);
  return tx.any(sql.type(paymentRow)`
    update payment p set status = 'FAILED', failure_reason = o.reason, unknown_since = null,
      due_at = null
    from ${sql.unnest(rows, ["text", "text"])} as o (id, reason)
    where p.id = o.id and p.status = 'PROCESSING'
    returning ${COLUMNS}`);
}

/** COMPLETED → REFUNDED. */
export async function recordRefunded(
  tx: Transaction,
  ids: readonly string[],
): Promise<readonly StoredPayment[]> {
  if (ids.length === 0) return [];
  return tx.any(sql.type(paymentRow)`
    update payment p set status = 'REFUNDED', refunded_at = now(), failure_reason = null,
      due_at = null
    where p.id = any(${sql.array([...ids], "text")}) and p.status = 'COMPLETED'
      and p.refund_ordered_at is not null
    returning ${COLUMNS}`);
}

export interface Postponement {
  /** As it was claimed: if anything has happened to it since, nothing is postponed. */
  readonly payment: ClaimedPayment;
  readonly delayMs: number;
  /** Shown with a refund that is not done; an unknown charge has not failed and shows none. */
  readonly because: string;
}

/** Looks again after a pause; the outcome stays open. */
export async function postpone(
  tx: Transaction,
  postponements: readonly Postponement[],
): Promise<void> {
  if (postponements.length === 0) return;
  const rows = postponements.map(({ payment, delayMs, because }) => [
    payment.id,
    payment.status,
    payment.refundOrdered,
    payment.attempts,
    delayMs / 1_000,
    because,
  ]);
  await tx.query(sql.unsafe`
    update payment p set
      due_at = now() + make_interval(secs => o.delay_seconds),
      unknown_since = case p.status when 'PROCESSING' then coalesce(p.unknown_since, now()) end,
      failure_reason = case p.status when 'COMPLETED' then o.because else p.failure_reason end
    from ${sql.unnest(rows, ["text", "text", "bool", "int4", "float8", "text"])}
      as o (id, status, refund_ordered, attempts, delay_seconds, because)
    where p.id = o.id and p.status = o.status and p.attempts = o.attempts
      and (p.refund_ordered_at is not null) = o.refund_ordered`);
}

/**
 * Makes a worker ask about the saga's payment now, if there is anything left to ask. One that a
 * worker asks about for the first time is left to it: what it hears comes sooner.
 */
export async function askNow(tx: Transaction, sagaId: string): Promise<boolean> {
  const result = await tx.query(sql.unsafe`
    update payment set due_at = least(due_at, now())
    where saga_id = ${sagaId}
      and (unknown_since is not null or (status = 'COMPLETED' and refund_ordered_at is not null))`);
  return (result.rowCount ?? 0) > 0;
}

export async function paymentById(db: Queryable, id: string): Promise<StoredPayment | undefined> {
  const row = await db.maybeOne(sql.type(paymentRow)`
    select ${COLUMNS} from payment p where p.id = ${id}`);
  return row ?? undefined;
}

export function paymentsByReservation(
  db: Queryable,
  { after, until }: ReservationRange,
): Promise<readonly StoredPayment[]> {
  return db.any(sql.type(paymentRow)`
    select ${COLUMNS} from payment p
    where p.reservation_id > ${after} and p.reservation_id <= ${until}
    order by p.reservation_id, p.created_at, p.id`);
}

export interface PaymentFilter {
  readonly status?: PaymentStatus | undefined;
  readonly sagaId?: string | undefined;
  readonly reservationId?: number | undefined;
}

/** The newest payments that fit, by their place in time; at most `limit`. */
export function newestPayments(
  db: Queryable,
  filter: PaymentFilter,
  limit: number,
): Promise<readonly StoredPayment[]> {
  const { status = null, sagaId = null, reservationId = null } = filter;
  return db.any(sql.type(paymentRow)`
    select ${COLUMNS} from payment p
    where (${status}::text is null or p.status = ${status})
      and (${sagaId}::text is null or p.saga_id = ${sagaId})
      and (${reservationId}::int is null or p.reservation_id = ${reservationId})
    order by coalesce(p.captured_at, p.created_at) desc, p.id limit ${limit}`);
}

/** unknown: charges whose outcome nobody knows. refunds: ordered and not done. */
export function countOpen(db: Queryable): Promise<z.infer<typeof backlogRow>> {
  return db.one(sql.type(backlogRow)`
    select count(*) filter (where unknown_since is not null)::int as unknown,
      count(*) filter (where status = 'COMPLETED')::int as refunds
    from payment where due_at is not null`);
}
