/** Reads the services' books of a sale, and waits until every booking has come to its end. */
import { setTimeout as sleep } from "node:timers/promises";
import type {
  Ledger,
  LedgerPayment,
  LedgerReservation,
  LedgerSaga,
  ProviderEntry,
  StockLine,
} from "../judge/history.ts";
import { type AdminCall, AdminClient, TargetError } from "./admin-client.ts";
import { type EngineClock, startClock } from "./clock.ts";
import { type StockReading, stockLineOf } from "./display-board.ts";
import {
  type RowReader,
  readPayment,
  readProviderEntry,
  readReservation,
  readRows,
  readSaga,
  readStock,
} from "./ledger-rows.ts";
import type { TargetUrls } from "./plan.ts";

const PAGE = 5_000;
/** Rows of other events in the same range are looked up one by one, but not without end. */
const MAX_LOOKUPS = 2_000;
const SETTLE_PAUSE_MS = 1_000;

/** The books, without what only the one who waited can say. */
export type Books = Omit<Ledger, "readAt" | "settled" | "settleSeconds">;

export interface LedgerReader {
  readonly target: Pick<TargetUrls, "ticket" | "payment" | "saga">;
  readonly adminToken: string;
  readonly eventId: number;
}

interface Services {
  readonly ticket: AdminClient;
  readonly payment: AdminClient;
  readonly saga: AdminClient;
}

/**
 * The books of one event as they are now, page by page. Rejects with {@link TargetError} when a
 * service does not answer or a row is not as agreed (an amount with a third decimal, for one).
 */
export async function readLedger(reader: LedgerReader): Promise<Books> {
  return withServices(reader, (services) => readBooks(services, reader.eventId));
}

export interface SettleOptions {
  /** How long to wait for open bookings, in seconds. */
  readonly seconds: number;
  /** The wall clock as ISO-8601, for {@link Ledger.readAt}. */
  readonly wallClock: () => string;
  readonly signal?: AbortSignal;
  readonly clock?: EngineClock;
}

/**
 * Reads the books until no reservation is PENDING or PAYMENT_PENDING and every saga is COMPLETED
 * or COMPENSATED, or until the time is up or the signal says so; the last reading is returned
 * either way, `settled` saying which. A service that is away meanwhile is asked again; rejects
 * with {@link TargetError} when the last reading failed.
 */
export async function waitUntilSettled(
  reader: LedgerReader,
  options: SettleOptions,
): Promise<Ledger> {
  const clock = options.clock ?? startClock();
  const beganMs = clock.now();
  return withServices(reader, async (services) => {
    for (;;) {
      const waitedMs = clock.now() - beganMs;
      const last = waitedMs >= options.seconds * 1_000 || options.signal?.aborted === true;
      const books = await readIfLikely(services, reader.eventId, last);
      if (books !== undefined) {
        const settled = isSettled(books);
        if (settled || last) {
          const settleSeconds = Math.round(waitedMs) / 1_000;
          return { readAt: options.wallClock(), settled, settleSeconds, ...books };
        }
      }
      const restMs = options.seconds * 1_000 - waitedMs;
      await pause(Math.min(SETTLE_PAUSE_MS, Math.max(0, restMs)), options.signal);
    }
  });
}

/** True when nothing in the books is still on its way. */
export function isSettled(books: Books): boolean {
  return (
    books.reservations.every(({ status }) => status === "CONFIRMED" || status === "CANCELLED") &&
    books.sagas.every(({ state }) => state === "COMPLETED" || state === "COMPENSATED")
  );
}

/** Skips the long reading while the short one shows open bookings, unless it is the last. */
async function readIfLikely(
  services: Services,
  eventId: number,
  last: boolean,
): Promise<Books | undefined> {
  try {
    if (!last) {
      const stock = await readStockOnly(services.ticket, eventId);
      if (stock.some((line) => line.pending !== undefined && line.pending > 0)) return undefined;
    }
    return await readBooks(services, eventId);
  } catch (error) {
    if (!last && error instanceof TargetError) return undefined;
    throw error;
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Woken by the signal: the next round is the last.
  }
}

async function readBooks(services: Services, eventId: number): Promise<Books> {
  const { products, reservations } = await readTicket(services.ticket, eventId);
  const ids = reservations.map((reservation) => reservation.id);
  if (ids.length === 0) {
    return { products, reservations, payments: [], provider: [], sagas: [] };
  }
  const range = rangeOf(ids);
  const payments: LedgerPayment[] = [];
  const provider: ProviderEntry[] = [];
  await eachPage(services.payment, range.after, range.query, (page, reject) => {
    append(payments, page.payments, readPayment, reject);
    append(provider, page.provider, readProviderEntry, reject);
  });
  const sagas: LedgerSaga[] = [];
  await eachPage(services.saga, range.after, range.query, (page, reject) => {
    append(sagas, page.sagas, readSaga, reject);
  });
  const others = await otherEvents(services.ticket, new Set(ids), [...payments, ...sagas]);
  return {
    products,
    reservations,
    payments: payments.filter((row) => !others.reservations.has(row.reservationId)),
    provider: provider.filter((row) => !others.sagas.has(row.sagaId)),
    sagas: sagas.filter((row) => !others.reservations.has(row.reservationId)),
  };
}

async function readTicket(
  ticket: AdminClient,
  eventId: number,
): Promise<{ products: StockLine[]; reservations: LedgerReservation[] }> {
  let products: StockLine[] = [];
  const reservations: LedgerReservation[] = [];
  await eachPage(ticket, 0, `&eventId=${eventId}`, (page, reject) => {
    // The newest reading stands: with one page it is of the very snapshot the rows are of.
    products = (readRows(page.stock, readStock) ?? reject()).map(stockLineOf);
    append(reservations, page.reservations, readReservation, reject);
  });
  return { products, reservations };
}

async function readStockOnly(ticket: AdminClient, eventId: number): Promise<StockReading[]> {
  const call: AdminCall = { method: "GET", path: stockPath(eventId) };
  const page = await ticket.call(call);
  const stock = readRows(page.stock, readStock);
  if (stock === undefined) throw ticket.refusal(call, "a row is not as agreed");
  return stock;
}

/** The ticket service's stock alone, as one statement of its database saw it. */
export function stockPath(eventId: number): string {
  return `/api/admin/ledger?afterReservation=0&limit=0&eventId=${eventId}`;
}

/** Reads page after page; `take` says `reject()` for one that is not as agreed. */
async function eachPage(
  service: AdminClient,
  after: number,
  query: string,
  take: (page: Record<string, unknown>, reject: () => never) => void,
): Promise<void> {
  for (let from = after; ; ) {
    const path = `/api/admin/ledger?afterReservation=${from}&limit=${PAGE}${query}`;
    const call: AdminCall = { method: "GET", path };
    const page = await service.call(call);
    take(page, () => {
      throw service.refusal(call, "a row is not as agreed");
    });
    const { nextAfter } = page;
    if (nextAfter === null || nextAfter === undefined) return;
    if (typeof nextAfter !== "number" || !(nextAfter > from)) {
      throw service.refusal(call, "its pages do not go forward");
    }
    from = nextAfter;
  }
}

function append<T>(to: T[], rows: unknown, read: RowReader<T>, reject: () => never): void {
  for (const row of readRows(rows, read) ?? reject()) to.push(row);
}

function rangeOf(ids: readonly number[]): { after: number; query: string } {
  let lowest = ids[0]!;
  let highest = lowest;
  for (const id of ids) {
    if (id < lowest) lowest = id;
    if (id > highest) highest = id;
  }
  return { after: lowest - 1, query: `&untilReservation=${highest}` };
}

/**
 * Which of the rows belong to other events whose sales went on meanwhile. A row whose reservation
 * exists nowhere belongs to nobody, and stays: it is a ghost that judges must see.
 */
async function otherEvents(
  ticket: AdminClient,
  own: ReadonlySet<number>,
  rows: readonly { readonly reservationId: number; readonly sagaId: string }[],
): Promise<{ reservations: ReadonlySet<number>; sagas: ReadonlySet<string> }> {
  const reservations = new Set<number>();
  const sagas = new Set<string>();
  const looked = new Set<number>();
  for (const { reservationId, sagaId } of rows) {
    if (own.has(reservationId)) continue;
    if (!looked.has(reservationId)) {
      looked.add(reservationId);
      if (await existsElsewhere(ticket, reservationId, looked.size))
        reservations.add(reservationId);
    }
    if (reservations.has(reservationId)) sagas.add(sagaId);
  }
  return { reservations, sagas };
}

async function existsElsewhere(ticket: AdminClient, id: number, lookups: number): Promise<boolean> {
  // So many can only be another sale: better to miss a ghost than to accuse a bystander.
  if (lookups > MAX_LOOKUPS) return true;
  const call: AdminCall = { method: "GET", path: `/api/reservations/${id}` };
  const reply = await ticket.try(call);
  if (reply.outcome === "ok") return true;
  if (reply.status === 404) return false;
  throw ticket.errorOf(call, reply);
}

async function withServices<T>(
  reader: LedgerReader,
  work: (services: Services) => Promise<T>,
): Promise<T> {
  const { target, adminToken } = reader;
  const services: Services = {
    ticket: new AdminClient(target.ticket, adminToken),
    payment: new AdminClient(target.payment, adminToken),
    saga: new AdminClient(target.saga, adminToken),
  };
  try {
    return await work(services);
  } finally {
    await Promise.all([services.ticket.close(), services.payment.close(), services.saga.close()]);
  }
}
