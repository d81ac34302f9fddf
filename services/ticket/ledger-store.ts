/** The books of an event as one snapshot: each product's stock and a page of reservations. */
import { z } from "zod";
import { reservationStatus, stockLine, type TicketLedger } from "../common/contracts/ticket.ts";
import { type Queryable, sql } from "../common/database.ts";
import { centsFromText, numberFromCents } from "../common/money.ts";

export interface LedgerPage {
  readonly eventId: number;
  readonly afterReservation: number;
  /** 0: the stock alone. */
  readonly limit: number;
}

const ledgerRow = z.object({
  known: z.boolean(),
  stock: z.array(stockLine),
  reservations: z.array(
    z.object({
      id: z.int(),
      sagaId: z.string(),
      userId: z.int(),
      productId: z.int(),
      quantity: z.int(),
      // Text, so that no binary float ever holds it on the way.
      totalPrice: z.string().transform((text) => numberFromCents(centsFromText(text))),
      status: reservationStatus,
      createdAt: z.string().transform((text) => new Date(text).toISOString()),
    }),
  ),
});

/** One statement: no sale falls between two lines. Undefined when there is no such event. */
export async function readLedger(
  db: Queryable,
  page: LedgerPage,
): Promise<TicketLedger | undefined> {
  const row = await db.one(sql.type(ledgerRow)`
    select exists (select from event where id = ${page.eventId}) as known,
      (select coalesce(json_agg(line order by line."productId"), '[]') from (
        select p.id as "productId", p.name, p.total_stock as "totalStock",
          p.available_stock as "availableStock", coalesce(h.held, 0) as held,
          coalesce(h.pending, 0) as pending
        from product p left join (
          select r.product_id, sum(r.quantity) as held,
            sum(r.quantity) filter (where r.status <> 'CONFIRMED') as pending
          from reservation r join product o on o.id = r.product_id
          where o.event_id = ${page.eventId} and r.status <> 'CANCELLED'
          group by r.product_id
        ) h on h.product_id = p.id
        where p.event_id = ${page.eventId}
      ) line) as stock,
      (select coalesce(json_agg(line order by line.id), '[]') from (
        select r.id, r.saga_id as "sagaId", r.user_id as "userId", r.product_id as "productId",
          r.quantity, r.total_price::text as "totalPrice", r.status, r.created_at as "createdAt"
        from reservation r join product p on p.id = r.product_id
        where p.event_id = ${page.eventId} and r.id > ${page.afterReservation}
        order by r.id limit ${page.limit}
      ) line) as reservations`);
  if (!row.known) return undefined;
  const last = row.reservations.at(-1);
  const full = last !== undefined && row.reservations.length === page.limit;
  return {
    stock: row.stock,
    reservations: row.reservations,
    nextAfter: full ? last.id : null,
  };
}
