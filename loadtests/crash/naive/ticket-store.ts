/** The naive shop's statements: correct locks, correct transactions, and that is all. */
import { z } from "zod";
import type { StockLine, TicketLedger } from "../../../services/common/contracts/ticket.ts";
import { type Database, sql, type Transaction } from "../../../services/common/database.ts";

const idRow = z.object({ id: z.int() });
const eventRow = z.object({ start: z.string(), end: z.string(), cancelled: z.boolean() });
const productRow = z.object({
  eventId: z.int(),
  name: z.string(),
  priceCents: z.int(),
  availableStock: z.int(),
  maxPerUser: z.int(),
});
const status = z.enum(["PENDING", "CONFIRMED", "CANCELLED"]);
const reservationRow = z.object({
  id: z.int(),
  sagaId: z.string(),
  userId: z.int(),
  productId: z.int(),
  quantity: z.int(),
  totalCents: z.int(),
  status,
  createdAt: z.string(),
});
export type NaiveReservation = z.infer<typeof reservationRow>;
const stockRow = z.object({
  productId: z.int(),
  name: z.string(),
  totalStock: z.int(),
  availableStock: z.int(),
  held: z.int(),
  pending: z.int(),
});

const COLUMNS = sql.fragment`id, order_id as "sagaId", user_id as "userId",
  product_id as "productId", quantity, total_cents as "totalCents", status,
  created_at as "createdAt"`;

export async function addEvent(db: Database, start: string, end: string): Promise<number> {
  const { id } = await db.one(sql.type(idRow)`
    insert into event (sale_start_at, sale_end_at)
    values (${start}::text::timestamptz, ${end}::text::timestamptz) returning id`);
  return id;
}

export async function addProduct(
  db: Database,
  eventId: number,
  product: { name: string; priceCents: number; totalStock: number; maxPerUser: number },
): Promise<number> {
  const { name, priceCents, totalStock, maxPerUser } = product;
  const { id } = await db.one(sql.type(idRow)`
    insert into product (event_id, name, price_cents, total_stock, available_stock, max_per_user)
    values (${eventId}, ${name}, ${priceCents}, ${totalStock}, ${totalStock}, ${maxPerUser})
    returning id`);
  return id;
}

export function eventById(db: Database, id: number) {
  return db.maybeOne(sql.type(eventRow)`
    select sale_start_at as start, sale_end_at as "end", cancelled from event where id = ${id}`);
}

export async function markEventCancelled(db: Database, id: number): Promise<readonly number[]> {
  await db.query(sql.unsafe`update event set cancelled = true where id = ${id}`);
  const rows = await db.any(sql.type(idRow)`
    select r.id from reservation r join product p on p.id = r.product_id
    where p.event_id = ${id} and r.status <> 'CANCELLED' order by r.id`);
  return rows.map((row) => row.id);
}

export interface Order {
  readonly orderId: string;
  readonly userId: number;
  readonly productId: number;
  readonly quantity: number;
}

export type Ordered =
  | { readonly ok: true; readonly reservation: NaiveReservation; readonly name: string }
  | {
      readonly ok: false;
      readonly code: "NOT_FOUND" | "SALE_NOT_OPEN" | "OUT_OF_STOCK" | "PURCHASE_LIMIT";
    };

/** Locks the product's row, looks, takes, in one transaction: nothing is ever sold twice. */
export function order(db: Database, wish: Order): Promise<Ordered> {
  return db.transaction(async (tx): Promise<Ordered> => {
    const product = await tx.maybeOne(sql.type(productRow)`
      select event_id as "eventId", name, price_cents as "priceCents",
        available_stock as "availableStock", max_per_user as "maxPerUser"
      from product where id = ${wish.productId} for update`);
    if (!product) return { ok: false, code: "NOT_FOUND" };
    const open = await tx.exists(sql.unsafe`
      select from event where id = ${product.eventId} and not cancelled for share`);
    if (!open) return { ok: false, code: "SALE_NOT_OPEN" };
    if (product.availableStock < wish.quantity) return { ok: false, code: "OUT_OF_STOCK" };
    const { held } = await tx.one(sql.type(z.object({ held: z.int() }))`
      select coalesce(sum(quantity), 0)::int as held from reservation
      where product_id = ${wish.productId} and user_id = ${wish.userId} and status <> 'CANCELLED'`);
    if (held + wish.quantity > product.maxPerUser) return { ok: false, code: "PURCHASE_LIMIT" };
    await tx.query(sql.unsafe`
      update product set available_stock = available_stock - ${wish.quantity}
      where id = ${wish.productId}`);
    const reservation = await tx.one(sql.type(reservationRow)`
      insert into reservation (order_id, user_id, product_id, quantity, total_cents)
      values (${wish.orderId}, ${wish.userId}, ${wish.productId}, ${wish.quantity},
        ${product.priceCents * wish.quantity})
      returning ${COLUMNS}`);
    return { ok: true, reservation, name: product.name };
  });
}

/** What it was before; the stock goes back with it. */
export function cancel(db: Database, id: number): Promise<NaiveReservation | null> {
  return db.transaction(async (tx) => {
    const before = await tx.maybeOne(sql.type(reservationRow)`
      select ${COLUMNS} from reservation where id = ${id} for update`);
    if (before && before.status !== "CANCELLED") await giveBack(tx, before);
    return before;
  });
}

async function giveBack(tx: Transaction, { id, productId, quantity }: NaiveReservation) {
  await tx.query(sql.unsafe`update reservation set status = 'CANCELLED' where id = ${id}`);
  await tx.query(sql.unsafe`
    update product set available_stock = available_stock + ${quantity} where id = ${productId}`);
}

/** PENDING → CONFIRMED. False where it is cancelled: the money must go back. */
export async function confirm(db: Database, orderId: string): Promise<boolean> {
  const result = await db.query(sql.unsafe`
    update reservation set status = 'CONFIRMED' where order_id = ${orderId} and status <> 'CANCELLED'`);
  return result.rowCount === 1;
}

export async function cancelUnpaid(db: Database, orderId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const before = await tx.maybeOne(sql.type(reservationRow)`
      select ${COLUMNS} from reservation where order_id = ${orderId} for update`);
    if (before?.status === "PENDING") await giveBack(tx, before);
  });
}

export async function ledger(
  db: Database,
  eventId: number,
): Promise<Pick<TicketLedger, "reservations"> & { readonly stock: readonly StockLine[] }> {
  const stock = await db.any(sql.type(stockRow)`
    select p.id as "productId", p.name, p.total_stock as "totalStock",
      p.available_stock as "availableStock", coalesce(sum(r.quantity), 0)::int as held,
      coalesce(sum(r.quantity) filter (where r.status = 'PENDING'), 0)::int as pending
    from product p left join reservation r on r.product_id = p.id and r.status <> 'CANCELLED'
    where p.event_id = ${eventId} group by p.id order by p.id`);
  const rows = await db.any(sql.type(reservationRow)`
    select r.* from (select ${COLUMNS} from reservation) r join product p on p.id = r."productId"
    where p.event_id = ${eventId} order by r.id`);
  const reservations = rows.map(({ totalCents, ...row }) => ({
    ...row,
    totalPrice: totalCents / 100,
  }));
  return { stock, reservations };
}
