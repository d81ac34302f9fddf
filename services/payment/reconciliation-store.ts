/** Our payments by their place in time, for the comparison with a statement. */
import { z } from "zod";
import { paymentStatus } from "../common/contracts/payment.ts";
import { type Queryable, sql } from "../common/database.ts";
import { centsFromText } from "../common/money.ts";

const ownRow = z.object({
  id: z.string(),
  sagaId: z.string(),
  reservationId: z.int(),
  amountCents: z.string().transform(centsFromText),
  status: paymentStatus,
  transactionId: z.string().nullable(),
  refundOrdered: z.boolean(),
  overdue: z.boolean(),
});
const whenRow = z.object({ at: z.string() });

/** A payment's place in time: its capture by the provider's clock, else its creation. */
const WHEN = sql.fragment`coalesce(p.captured_at, p.created_at)`;

const own = (overdueSeconds: number) => sql.fragment`p.id, p.saga_id as "sagaId",
  p.reservation_id as "reservationId", p.amount as "amountCents", p.status,
  p.transaction_id as "transactionId", p.refund_ordered_at is not null as "refundOrdered",
  p.due_at is not null and coalesce(p.refund_ordered_at, p.created_at)
    < now() - make_interval(secs => ${overdueSeconds}) as overdue`;

export interface TimeRange {
  readonly since: string;
  readonly until: string;
}

/** The place in time of the `count`th payment of the range, from 0; undefined if there are fewer. */
export async function timeOfPayment(
  db: Queryable,
  { since, until }: TimeRange,
  count: number,
): Promise<string | undefined> {
  const row = await db.maybeOne(sql.type(whenRow)`
    select ${WHEN} as at from payment p
    where ${WHEN} >= ${since}::timestamptz and ${WHEN} < ${until}::timestamptz
    order by ${WHEN} offset ${count} limit 1`);
  return row?.at;
}

/** The payments of the range. overdue: work has been left to do for longer than that. */
export function paymentsOfRange(
  db: Queryable,
  { since, until }: TimeRange,
  overdueSeconds: number,
): Promise<readonly z.infer<typeof ownRow>[]> {
  return db.any(sql.type(ownRow)`
    select ${own(overdueSeconds)} from payment p
    where ${WHEN} >= ${since}::timestamptz and ${WHEN} < ${until}::timestamptz`);
}

export function paymentsOfSagas(
  db: Queryable,
  sagaIds: readonly string[],
  overdueSeconds: number,
): Promise<readonly z.infer<typeof ownRow>[]> {
  return db.any(sql.type(ownRow)`
    select ${own(overdueSeconds)} from payment p
    where p.saga_id = any(${sql.array([...sagaIds], "text")})`);
}
