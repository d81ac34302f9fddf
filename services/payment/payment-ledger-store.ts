/** Which reservations stand in our books. */
import { z } from "zod";
import { type Queryable, sql } from "../common/database.ts";
import type { ReservationRange } from "./payment-store.ts";

const idRow = z.object({ id: z.int() });

/** Reservations that have a payment, in order; at most `limit`. */
export async function paidReservations(
  db: Queryable,
  { after, until }: ReservationRange,
  limit: number,
): Promise<readonly number[]> {
  const rows = await db.any(sql.type(idRow)`
    select distinct reservation_id as id from payment
    where reservation_id > ${after} and reservation_id <= ${until}
    order by id limit ${limit}`);
  return rows.map((row) => row.id);
}
