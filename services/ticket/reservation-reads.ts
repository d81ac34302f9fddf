/**
 * Reads of single reservations by their buyers, who ask again and again until a booking has ended:
 * what is asked together is read together, since a statement costs far more than a row.
 */
import { Batcher } from "../common/batcher.ts";
import type { Queryable } from "../common/database.ts";
import type { Reservation } from "./reservation.ts";
import { findReservations } from "./reservation-store.ts";

/** Rows of one statement, and statements under way: two keep the database busy, more make small ones. */
const LARGEST = 256;
const AT_ONCE = 2;

/** Answers with the reservation as it is after the question was asked, or null. */
export type ReadReservation = (id: number) => Promise<Reservation | null>;

export function reservationReads(database: Queryable): ReadReservation {
  const reads = new Batcher<number, Reservation | null>(
    async (ids) => {
      const found = await findReservations(database, [...new Set(ids)]);
      return ids.map((id) => found.get(id) ?? null);
    },
    LARGEST,
    { atOnce: AT_ONCE },
  );
  return (id) => reads.ask(id);
}
