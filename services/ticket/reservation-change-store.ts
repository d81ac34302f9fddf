/** Reservations confirmed, cancelled and marked: the statements that change many at once. */
import { sql, type Transaction } from "../common/database.ts";
import type { Reservation } from "./reservation.ts";
import { reservationRow } from "./reservation-store.ts";

export type Which = { readonly ids: readonly number[] } | { readonly sagaIds: readonly string[] };

/** Those that exist; nobody else changes them until the transaction ends. */
export async function lockReservations(
  tx: Transaction,
  which: Which,
): Promise<readonly Reservation[]> {
  const wanted =
    "ids" in which
      ? sql.fragment`r.id = any(${sql.array([...which.ids], "int4")})`
      : sql.fragment`r.saga_id = any(${sql.array([...which.sagaIds], "text")})`;
  // In the order of their ids, so that two of us never wait for each other in a circle.
  return tx.any(sql.type(reservationRow)`
    select r.id, r.saga_id, r.user_id, r.product_id, p.name as product_name, p.event_id, r.quantity,
      r.total_price, r.status, r.cancel_reason, r.created_at, r.updated_at
    from reservation r join product p on p.id = r.product_id
    where ${wanted} order by r.id for no key update of r`);
}

export async function markConfirmed(tx: Transaction, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(sql.unsafe`
    update reservation set status = 'CONFIRMED', updated_at = now()
    where id = any(${sql.array([...ids], "int4")}) and status in ('PENDING', 'PAYMENT_PENDING')`);
}

export interface Cancellation {
  readonly id: number;
  readonly reason: string;
}

/**
 * Cancels and gives the stock back, both in one statement and both at most once. Products are taken
 * in the order of their ids, after all reservations: nobody then waits in a circle.
 */
export async function markCancelled(
  tx: Transaction,
  cancellations: readonly Cancellation[],
): Promise<void> {
  if (cancellations.length === 0) return;
  const rows = cancellations.map(({ id, reason }) => [id, reason]);
  await tx.query(sql.unsafe`
    with cancelled as (
      update reservation r set status = 'CANCELLED', cancel_reason = c.reason, updated_at = now()
      from ${sql.unnest(rows, ["int4", "text"])} as c (id, reason)
      where r.id = c.id and r.status <> 'CANCELLED'
      returning r.product_id, r.quantity
    ), given_back as (
      select product_id, sum(quantity)::integer as pieces from cancelled group by product_id
    ), locked as (
      select p.id from product p where p.id in (select product_id from given_back)
      order by p.id for no key update
    )
    update product p set available_stock = available_stock + g.pieces
    from given_back g join locked on locked.id = g.product_id
    where p.id = g.product_id`);
}

/** The saga was told of these: their payments are on their way. */
export async function markPaymentPending(
  tx: Transaction,
  sagaIds: readonly string[],
): Promise<void> {
  if (sagaIds.length === 0) return;
  await tx.query(sql.unsafe`
    update reservation set status = 'PAYMENT_PENDING', updated_at = now()
    where saga_id = any(${sql.array([...sagaIds], "text")}) and status = 'PENDING'`);
}
