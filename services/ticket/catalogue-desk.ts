/** Changes of the catalogue: reads what stands, asks the rules, writes; each in one transaction. */
import type {
  CreateEvent,
  CreateProduct,
  PatchEvent,
  PatchProduct,
  Product,
  SaleEvent,
} from "../common/contracts/ticket.ts";
import type { Database } from "../common/database.ts";
import type { Misfit } from "../common/errors.ts";
import { centsFromNumber } from "../common/money.ts";
import {
  checkOwnWindow,
  checkPrice,
  checkWindow,
  normalInstants,
  restock,
  type SaleWindow,
} from "./catalogue.ts";
import {
  findEvent,
  findProduct,
  insertEvent,
  insertProduct,
  type LockedProduct,
  lockEvent,
  lockProduct,
  type ProductFields,
  updateEvent,
  updateProduct,
} from "./catalogue-store.ts";

export type Edit<T> =
  | { readonly outcome: "done"; readonly value: T }
  | { readonly outcome: "invalid"; readonly misfits: readonly Misfit[] }
  | { readonly outcome: "notFound" }
  | { readonly outcome: "eventCancelled" }
  /** The new total is smaller than what is sold. */
  | { readonly outcome: "belowSold"; readonly sold: number };

/** What a transaction says before the result is read back. */
type Written = Edit<number>;

const EVENT_INSTANTS = ["eventDate", "saleStartAt", "saleEndAt"] as const;
const WINDOW_INSTANTS = ["saleStartAt", "saleEndAt"] as const;

const done = <T>(value: T): Edit<T> => ({ outcome: "done", value });
const invalid = (misfits: readonly Misfit[]) => ({ outcome: "invalid", misfits }) as const;

export async function createEvent(db: Database, given: CreateEvent): Promise<Edit<SaleEvent>> {
  const { body, misfits } = normalInstants(given, EVENT_INSTANTS);
  if (misfits.length > 0) return invalid(misfits);
  const wrong = checkWindow(body);
  if (wrong.length > 0) return invalid(wrong);
  return readBack(done(await insertEvent(db, body)), (id) => findEvent(db, id));
}

export async function patchEvent(
  db: Database,
  id: number,
  given: PatchEvent,
): Promise<Edit<SaleEvent>> {
  const { body, misfits } = normalInstants(given, EVENT_INSTANTS);
  if (misfits.length > 0) return invalid(misfits);
  const written = await db.transaction(async (tx): Promise<Written> => {
    const before = await lockEvent(tx, id);
    if (!before) return { outcome: "notFound" };
    if (before.cancelled) return { outcome: "eventCancelled" };
    const { cancelled: _, ...fields } = merged(before, body);
    const wrong = checkWindow(fields);
    if (wrong.length > 0) return invalid(wrong);
    await updateEvent(tx, id, fields);
    return done(id);
  });
  return readBack(written, () => findEvent(db, id));
}

export async function createProduct(
  db: Database,
  eventId: number,
  given: CreateProduct,
): Promise<Edit<Product>> {
  const { body, misfits } = normalInstants(given, WINDOW_INSTANTS);
  if (misfits.length > 0) return invalid(misfits);
  const fields: ProductFields = {
    name: body.name,
    description: body.description,
    priceCents: exactCents(body.price),
    totalStock: body.totalStock,
    availableStock: body.totalStock,
    maxPerUser: body.maxPerUser,
    saleStartAt: body.saleStartAt ?? null,
    saleEndAt: body.saleEndAt ?? null,
  };
  const written = await db.transaction(async (tx): Promise<Written> => {
    const event = await lockEvent(tx, eventId);
    if (!event) return { outcome: "notFound" };
    if (event.cancelled) return { outcome: "eventCancelled" };
    const wrong = checkProduct(fields, event);
    if (wrong.length > 0) return invalid(wrong);
    return done(await insertProduct(tx, eventId, fields));
  });
  return readBack(written, (id) => findProduct(db, id));
}

export async function patchProduct(
  db: Database,
  id: number,
  given: PatchProduct,
): Promise<Edit<Product>> {
  const { body, misfits } = normalInstants(given, WINDOW_INSTANTS);
  if (misfits.length > 0) return invalid(misfits);
  const written = await db.transaction(async (tx): Promise<Written> => {
    const before = await lockProduct(tx, id);
    if (!before) return { outcome: "notFound" };
    if (before.eventCancelled) return { outcome: "eventCancelled" };
    const stock = restock(before, body.totalStock ?? before.totalStock);
    if (!stock) {
      return { outcome: "belowSold", sold: before.totalStock - before.availableStock };
    }
    const fields = { ...changedProduct(before, body), ...stock };
    const wrong = checkChangedProduct(fields, before, body);
    if (wrong.length > 0) return invalid(wrong);
    await updateProduct(tx, id, fields);
    return done(id);
  });
  return readBack(written, () => findProduct(db, id));
}

function changedProduct(before: LockedProduct, body: PatchProduct): ProductFields {
  const { price, ...rest } = body;
  return {
    ...merged(before, rest),
    priceCents: price === undefined ? before.priceCents : exactCents(price),
  };
}

function checkChangedProduct(fields: ProductFields, before: LockedProduct, body: PatchProduct) {
  const movesWindow = body.saleStartAt !== undefined || body.saleEndAt !== undefined;
  // A window that stands is not held against a change of something else.
  if (!movesWindow) return checkPrice(fields.priceCents, fields.maxPerUser);
  return checkProduct(fields, {
    saleStartAt: before.eventSaleStartAt,
    saleEndAt: before.eventSaleEndAt,
  });
}

function checkProduct(fields: ProductFields, event: SaleWindow): readonly Misfit[] {
  return [...checkPrice(fields.priceCents, fields.maxPerUser), ...checkOwnWindow(fields, event)];
}

/** `changes` over `before`; what is undefined in `changes` stays. */
function merged<T extends object>(
  before: T,
  changes: { readonly [K in keyof T]?: T[K] | undefined },
): T {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...before, ...Object.fromEntries(given) };
}

/** The contract's schema allows two decimals at most; anything else here is a bug. */
function exactCents(price: number): number {
  const cents = centsFromNumber(price);
  if (cents === undefined) throw new Error(`not an amount of money: ${price}`);
  return cents;
}

/** Reads the row as others see it now: status and windows follow from more than was written. */
async function readBack<T>(
  written: Written,
  find: (id: number) => Promise<T | null>,
): Promise<Edit<T>> {
  if (written.outcome !== "done") return written;
  const value = await find(written.value);
  return value === null ? { outcome: "notFound" } : done(value);
}
