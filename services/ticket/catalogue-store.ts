/** Events and products: every statement on them but those that sell. */
import { z } from "zod";
import {
  type EventForSale,
  type Product,
  product,
  type SaleEvent,
  saleEvent,
} from "../common/contracts/ticket.ts";
import { type Queryable, sql, type Transaction } from "../common/database.ts";
import { centsFromText, numberFromCents, textFromCents } from "../common/money.ts";
import type { OwnWindow } from "./catalogue.ts";

export interface EventFields {
  readonly name: string;
  readonly description: string;
  readonly venue: string;
  /** ISO-8601 instants. */
  readonly eventDate: string;
  readonly saleStartAt: string;
  readonly saleEndAt: string;
}

export interface ProductFields extends OwnWindow {
  readonly name: string;
  readonly description: string;
  readonly priceCents: number;
  readonly totalStock: number;
  readonly availableStock: number;
  readonly maxPerUser: number;
}

/** after: rows with larger ids only. */
export interface Page {
  readonly after: number;
  readonly limit: number;
}

const cents = z.string().transform(centsFromText);
const idRow = z.object({ id: z.int() });
const productRow = product.extend({ price: cents.transform(numberFromCents) });
const lockedEventRow = z.object({
  name: z.string(),
  description: z.string(),
  venue: z.string(),
  eventDate: z.string(),
  saleStartAt: z.string(),
  saleEndAt: z.string(),
  cancelled: z.boolean(),
});
const lockedProductRow = z.object({
  name: z.string(),
  description: z.string(),
  priceCents: cents,
  totalStock: z.int(),
  availableStock: z.int(),
  maxPerUser: z.int(),
  saleStartAt: z.string().nullable(),
  saleEndAt: z.string().nullable(),
  eventSaleStartAt: z.string(),
  eventSaleEndAt: z.string(),
  eventCancelled: z.boolean(),
});

const EVENTS = sql.fragment`
  select id, name, description, event_date as "eventDate", venue, sale_start_at as "saleStartAt",
    sale_end_at as "saleEndAt", status, created_at as "createdAt", updated_at as "updatedAt"
  from event_now`;

const PRODUCTS = sql.fragment`
  select id, event_id as "eventId", name, description, price, total_stock as "totalStock",
    available_stock as "availableStock", max_per_user as "maxPerUser",
    sale_start_at as "saleStartAt", sale_end_at as "saleEndAt",
    created_at as "createdAt", updated_at as "updatedAt"
  from product_now`;

export async function findEvent(db: Queryable, id: number): Promise<SaleEvent | null> {
  return db.maybeOne(sql.type(saleEvent)`${EVENTS} where id = ${id}`);
}

export async function listEvents(db: Queryable, page: Page): Promise<readonly SaleEvent[]> {
  return db.any(sql.type(saleEvent)`
    ${EVENTS} where id > ${page.after} order by id limit ${page.limit}`);
}

export async function insertEvent(db: Queryable, fields: EventFields): Promise<number> {
  const row = await db.one(sql.type(idRow)`
    insert into event (name, description, event_date, venue, sale_start_at, sale_end_at)
    values (${fields.name}, ${fields.description}, ${fields.eventDate}, ${fields.venue},
      ${fields.saleStartAt}, ${fields.saleEndAt})
    returning id`);
  return row.id;
}

export type LockedEvent = z.infer<typeof lockedEventRow>;

/** Keeps others from changing the event; reservations go on. */
export async function lockEvent(tx: Transaction, id: number): Promise<LockedEvent | null> {
  return tx.maybeOne(sql.type(lockedEventRow)`
    select name, description, venue, event_date as "eventDate", sale_start_at as "saleStartAt",
      sale_end_at as "saleEndAt", cancelled_at is not null as cancelled
    from event where id = ${id} for no key update`);
}

export async function updateEvent(tx: Transaction, id: number, fields: EventFields): Promise<void> {
  await tx.query(sql.unsafe`
    update event set name = ${fields.name}, description = ${fields.description},
      event_date = ${fields.eventDate}, venue = ${fields.venue},
      sale_start_at = ${fields.saleStartAt}, sale_end_at = ${fields.saleEndAt}, updated_at = now()
    where id = ${id}`);
}

/**
 * Cancels the event, once. The products' locks come first: each reservation decided before is
 * committed and will be found, each one decided later sees the cancellation.
 * @returns false when there is no such event.
 */
export async function markEventCancelled(tx: Transaction, id: number): Promise<boolean> {
  await tx.query(sql.unsafe`
    select from product where event_id = ${id} order by id for no key update`);
  const result = await tx.query(sql.unsafe`
    update event set cancelled_at = coalesce(cancelled_at, now()),
      updated_at = case when cancelled_at is null then now() else updated_at end
    where id = ${id}`);
  return result.rowCount === 1;
}

export async function eventForSale(db: Queryable, id: number): Promise<EventForSale> {
  const row = await db.maybeOne(sql.type(
    z.object({ saleStartAt: z.string(), saleEndAt: z.string(), cancelled: z.boolean() }),
  )`
    select sale_start_at as "saleStartAt", sale_end_at as "saleEndAt",
      cancelled_at is not null as cancelled
    from event where id = ${id}`);
  return row ? { found: true, ...row } : { found: false };
}

/** all; available: on sale now and not sold out; in-stock: not sold out. */
export type ProductFilter = "all" | "available" | "in-stock";

const FILTERS = {
  all: sql.fragment`true`,
  available: sql.fragment`on_sale and available_stock > 0`,
  "in-stock": sql.fragment`available_stock > 0`,
} as const;

export async function findProduct(db: Queryable, id: number): Promise<Product | null> {
  return db.maybeOne(sql.type(productRow)`${PRODUCTS} where id = ${id}`);
}

/** `eventId` undefined: of all events. */
export async function listProducts(
  db: Queryable,
  filter: ProductFilter,
  eventId: number | undefined,
  page: Page,
): Promise<readonly Product[]> {
  const ofEvent = eventId === undefined ? sql.fragment`true` : sql.fragment`event_id = ${eventId}`;
  return db.any(sql.type(productRow)`
    ${PRODUCTS} where id > ${page.after} and ${ofEvent} and ${FILTERS[filter]}
    order by id limit ${page.limit}`);
}

export async function insertProduct(
  tx: Transaction,
  eventId: number,
  fields: ProductFields,
): Promise<number> {
  const row = await tx.one(sql.type(idRow)`
    insert into product (event_id, name, description, price, total_stock, available_stock,
      max_per_user, sale_start_at, sale_end_at)
    values (${eventId}, ${fields.name}, ${fields.description}, ${textFromCents(fields.priceCents)},
      ${fields.totalStock}, ${fields.availableStock}, ${fields.maxPerUser},
      ${fields.saleStartAt}, ${fields.saleEndAt})
    returning id`);
  return row.id;
}

export type LockedProduct = z.infer<typeof lockedProductRow>;

/** Nothing of the product is sold or given back until the transaction ends. */
export async function lockProduct(tx: Transaction, id: number): Promise<LockedProduct | null> {
  return tx.maybeOne(sql.type(lockedProductRow)`
    select p.name, p.description, p.price as "priceCents", p.total_stock as "totalStock",
      p.available_stock as "availableStock", p.max_per_user as "maxPerUser",
      p.sale_start_at as "saleStartAt", p.sale_end_at as "saleEndAt",
      e.sale_start_at as "eventSaleStartAt", e.sale_end_at as "eventSaleEndAt",
      e.cancelled_at is not null as "eventCancelled"
    from product p join event e on e.id = p.event_id
    where p.id = ${id} for no key update of p`);
}

export async function updateProduct(
  tx: Transaction,
  id: number,
  fields: ProductFields,
): Promise<void> {
  await tx.query(sql.unsafe`
    update product set name = ${fields.name}, description = ${fields.description},
      price = ${textFromCents(fields.priceCents)}, total_stock = ${fields.totalStock},
      available_stock = ${fields.availableStock}, max_per_user = ${fields.maxPerUser},
      sale_start_at = ${fields.saleStartAt}, sale_end_at = ${fields.saleEndAt}, updated_at = now()
    where id = ${id}`);
}
