/** What a cancelled event owes its buyers: statements that find it and settle it in batches. */
import { z } from "zod";
import { type Queryable, sql, type Transaction } from "../common/database.ts";
import { EVENT_CANCELLED, type Reservation } from "./reservation.ts";
import { reservationRow } from "./reservation-store.ts";

const idRow = z.object({ id: z.int() });
const progressRow = z.object({ remaining: z.int(), cancelled: z.int() });
const cancellationRow = progressRow.extend({
  requestedAt: z.string().nullable(),
  settledAt: z.string().nullable(),
});
/** Cancelled events whose reservations are not known to be all settled. */
export async function eventsToCompensate(db: Queryable): Promise<readonly number[]> {
  const rows = await db.any(sql.type(idRow)`
    select id from event where cancelled_at is not null and compensated_at is null order by id`);
  return rows.map((row) => row.id);
}

export async function productsOf(db: Queryable, eventId: number): Promise<readonly number[]> {
  const rows = await db.any(sql.type(idRow)`
    select id from product where event_id = ${eventId} order by id`);
  return rows.map((row) => row.id);
}

/**
 * Cancels up to `limit` live reservations of one product, of users from `fromUser` on, and gives
 * their stock back in the same statement. Rows that somebody else is changing are left for later.
 * One product a transaction: two sweeps at once then never wait for each other in a circle.
 */
export async function cancelBatch(
  tx: Transaction,
  productId: number,
  fromUser: number,
  limit: number,
): Promise<readonly Reservation[]> {
  return tx.any(sql.type(reservationRow)`
    with picked as (
      select id from reservation
      where product_id = ${productId} and user_id >= ${fromUser} and status <> 'CANCELLED'
      order by user_id limit ${limit}
      for no key update skip locked
    ), cancelled as (
      update reservation r
      set status = 'CANCELLED', cancel_reason = ${EVENT_CANCELLED}, updated_at = now()
      from picked where r.id = picked.id
      returning r.*
    ), given_back as (
      update product set available_stock = available_stock + (select sum(quantity) from cancelled)
      where id = ${productId} and exists (select from cancelled)
    )
    select c.id, c.saga_id, c.user_id, c.product_id, p.name as product_name, p.event_id, c.quantity,
      c.total_price, c.status, c.cancel_reason, c.created_at, c.updated_at
    from cancelled c join product p on p.id = c.product_id
    order by c.user_id`);
}

/** remaining: live reservations of the event; cancelled: those its cancellation has settled. */
export async function compensationProgress(
  db: Queryable,
  eventId: number,
): Promise<{ readonly remaining: number; readonly cancelled: number }> {
  return db.one(sql.type(progressRow)`
    select (count(*) filter (where r.status <> 'CANCELLED'))::int as remaining,
      (count(*) filter (where r.cancel_reason = ${EVENT_CANCELLED}))::int as cancelled
    from reservation r join product p on p.id = r.product_id
    where p.event_id = ${eventId}`);
}

/** The same with its beginning and its end, as one statement sees them; null: no such event. */
export async function cancellationOf(db: Queryable, eventId: number) {
  return db.maybeOne(sql.type(cancellationRow)`
    select e.cancelled_at as "requestedAt", e.compensated_at as "settledAt",
      (count(r.id) filter (where r.status <> 'CANCELLED'))::int as remaining,
      (count(r.id) filter (where r.cancel_reason = ${EVENT_CANCELLED}))::int as cancelled
    from event e
      left join product p on p.event_id = e.id
      left join reservation r on r.product_id = p.id
    where e.id = ${eventId}
    group by e.id`);
}

/** Only when nothing is left: a later look then finds nothing to do. */
export async function markCompensated(db: Queryable, eventId: number): Promise<boolean> {
  const result = await db.query(sql.unsafe`
    update event set compensated_at = now()
    where id = ${eventId} and cancelled_at is not null and compensated_at is null
      and not exists (
        select from reservation r join product p on p.id = r.product_id
        where p.event_id = event.id and r.status <> 'CANCELLED')`);
  return result.rowCount === 1;
}
