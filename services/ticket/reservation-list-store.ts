/** Everybody's reservations, for administrators: the statement that finds them. */
import type { ReservationStatus } from "../common/contracts/ticket.ts";
import { type Queryable, sql } from "../common/database.ts";
import type { Reservation } from "./reservation.ts";
import { reservationColumns, reservationRow } from "./reservation-store.ts";

export interface ReservationFilter {
  readonly userId?: number | undefined;
  readonly eventId?: number | undefined;
  readonly productId?: number | undefined;
  readonly status?: ReservationStatus | undefined;
  /** Rows with larger ids only. */
  readonly after: number;
  readonly limit: number;
}

/** By id; of those that fit every filter that is given. */
export async function listReservations(
  db: Queryable,
  filter: ReservationFilter,
): Promise<readonly Reservation[]> {
  const { userId, eventId, productId, status, after, limit } = filter;
  const wanted = [
    sql.fragment`id > ${after}`,
    ...(userId === undefined ? [] : [sql.fragment`user_id = ${userId}`]),
    ...(eventId === undefined ? [] : [sql.fragment`event_id = ${eventId}`]),
    ...(productId === undefined ? [] : [sql.fragment`product_id = ${productId}`]),
    ...(status === undefined ? [] : [sql.fragment`status = ${status}`]),
  ];
  return db.any(sql.type(reservationRow)`
    select ${reservationColumns} from reservation_now where ${sql.join(wanted, sql.fragment` and `)}
    order by id limit ${limit}`);
}
