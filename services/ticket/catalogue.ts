/** The rules of the catalogue: sale windows, instants, prices and changes of stock. */
import type { Misfit } from "../common/errors.ts";
import { LIMITS } from "../common/limits.ts";

/** ISO-8601 UTC instants; the end is not part of the window. */
export interface SaleWindow {
  readonly saleStartAt: string;
  readonly saleEndAt: string;
}

/** A product's own window; null where it has none and the event's counts. */
export interface OwnWindow {
  readonly saleStartAt: string | null;
  readonly saleEndAt: string | null;
}

/** Outside of these PostgreSQL or JavaScript cannot write each instant in each time zone. */
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(9999, 0, 1);

/**
 * An instant with any offset and precision → the same in UTC with milliseconds, as it is stored
 * and answered; undefined when it lies outside of the years 1970 to 9998.
 */
export function normalInstant(text: string): string | undefined {
  const epochMs = Date.parse(text);
  const fits = epochMs >= EARLIEST && epochMs < LATEST;
  return fits ? new Date(epochMs).toISOString() : undefined;
}

type Instants<K extends string> = { readonly [key in K]?: string | undefined };

/** Normalises the named fields that are there. */
export function normalInstants<K extends string, T extends Instants<K>>(
  body: T,
  keys: readonly K[],
): { readonly body: T; readonly misfits: readonly Misfit[] } {
  const misfits: Misfit[] = [];
  const normal: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const given = body[key];
    if (given === undefined) continue;
    const instant = normalInstant(given);
    if (instant === undefined) misfits.push(misfit(key, "must lie in the years 1970 to 9998"));
    else normal[key] = instant;
  }
  return { body: { ...body, ...normal }, misfits };
}

export function checkWindow(window: SaleWindow): readonly Misfit[] {
  if (Date.parse(window.saleStartAt) < Date.parse(window.saleEndAt)) return [];
  return [misfit("saleEndAt", "must be later than saleStartAt")];
}

/** A product's own window, where it has one, is a window and lies inside its event's. */
export function checkOwnWindow(own: OwnWindow, event: SaleWindow): readonly Misfit[] {
  const start = Date.parse(own.saleStartAt ?? event.saleStartAt);
  const end = Date.parse(own.saleEndAt ?? event.saleEndAt);
  const misfits: Misfit[] = [];
  if (own.saleStartAt !== null && start < Date.parse(event.saleStartAt)) {
    misfits.push(misfit("saleStartAt", "must not be before the event's"));
  }
  if (own.saleEndAt !== null && end > Date.parse(event.saleEndAt)) {
    misfits.push(misfit("saleEndAt", "must not be after the event's"));
  }
  if (start >= end) misfits.push(misfit("saleEndAt", "must be later than saleStartAt"));
  return misfits;
}

/** The largest purchase that is allowed has a total that can be stored. */
export function checkPrice(priceCents: number, maxPerUser: number): readonly Misfit[] {
  if (priceCents * maxPerUser <= LIMITS.moneyCents) return [];
  return [misfit("price", `times maxPerUser must not exceed ${LIMITS.moneyCents / 100}`)];
}

/**
 * What a new total means for the stock still for sale: what is sold stays sold.
 * Undefined when more than the new total is sold already.
 */
export function restock(
  stock: { readonly totalStock: number; readonly availableStock: number },
  totalStock: number,
): { readonly totalStock: number; readonly availableStock: number } | undefined {
  const availableStock = stock.availableStock + totalStock - stock.totalStock;
  return availableStock < 0 ? undefined : { totalStock, availableStock };
}

function misfit(field: string, message: string): Misfit {
  return { path: `body.${field}`, message };
}
