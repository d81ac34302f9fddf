/** Reads the rows of the services' books: strict, for a row misread would accuse somebody; pure. */
import type {
  LedgerPayment,
  LedgerReservation,
  LedgerSaga,
  PaymentStatus,
  ProviderEntry,
  ReservationStatus,
} from "../judge/history.ts";
import { centsOf } from "./cents.ts";
import { isRecord } from "./client/answer.ts";
import type { StockReading } from "./display-board.ts";

const RESERVATION_STATUSES: readonly unknown[] = [
  "PENDING",
  "PAYMENT_PENDING",
  "CONFIRMED",
  "CANCELLED",
] satisfies ReservationStatus[];
const PAYMENT_STATUSES: readonly unknown[] = [
  "PENDING",
  "PROCESSING",
  "COMPLETED",
  "FAILED",
  "REFUNDED",
] satisfies PaymentStatus[];

/** A reader says undefined for a row that is not as agreed. */
export type RowReader<T> = (row: unknown) => T | undefined;

/** All rows, or undefined when it is no list or one row is not as agreed. */
export function readRows<T>(rows: unknown, read: RowReader<T>): T[] | undefined {
  if (!Array.isArray(rows)) return undefined;
  const found: T[] = [];
  for (const row of rows) {
    const one = read(row);
    if (one === undefined) return undefined;
    found.push(one);
  }
  return found;
}

export function readStock(row: unknown): StockReading | undefined {
  if (!isRecord(row)) return undefined;
  const { productId: id, name, totalStock, availableStock, held, pending } = row;
  if (!isInteger(id) || typeof name !== "string") return undefined;
  if (!isInteger(totalStock) || !isInteger(availableStock) || !isInteger(held)) return undefined;
  const waits = isInteger(pending) ? pending : undefined;
  return { id, name, totalStock, availableStock, held, pending: waits };
}

export function readReservation(row: unknown): LedgerReservation | undefined {
  if (!isRecord(row)) return undefined;
  const { id, sagaId, userId, productId, quantity, status, createdAt } = row;
  const totalPriceCents = centsOf(row.totalPrice);
  if (!isInteger(id) || !isInteger(userId) || !isInteger(productId)) return undefined;
  if (!isInteger(quantity) || totalPriceCents === undefined) return undefined;
  if (typeof sagaId !== "string" || typeof createdAt !== "string") return undefined;
  if (!RESERVATION_STATUSES.includes(status)) return undefined;
  return {
    id,
    sagaId,
    userId,
    productId,
    quantity,
    totalPriceCents,
    status: status as ReservationStatus,
    createdAt,
  };
}

export function readPayment(row: unknown): LedgerPayment | undefined {
  if (!isRecord(row)) return undefined;
  const { sagaId, reservationId, status } = row;
  const amountCents = centsOf(row.amount);
  // The contract leaves the form of a payment's id open: an integer or a text.
  const id = isInteger(row.id) ? String(row.id) : row.id;
  if (typeof id !== "string" || typeof sagaId !== "string") return undefined;
  if (!isInteger(reservationId) || amountCents === undefined) return undefined;
  if (!PAYMENT_STATUSES.includes(status)) return undefined;
  return { id, sagaId, reservationId, amountCents, status: status as PaymentStatus };
}

export function readProviderEntry(row: unknown): ProviderEntry | undefined {
  if (!isRecord(row)) return undefined;
  const { type, sagaId, at } = row;
  const amountCents = centsOf(row.amount);
  if (type !== "charge" && type !== "refund") return undefined;
  if (typeof sagaId !== "string" || typeof at !== "string") return undefined;
  return amountCents === undefined ? undefined : { type, sagaId, amountCents, at };
}

export function readSaga(row: unknown): LedgerSaga | undefined {
  if (!isRecord(row)) return undefined;
  const { sagaId, reservationId, state } = row;
  if (typeof sagaId !== "string" || typeof state !== "string") return undefined;
  return isInteger(reservationId) ? { sagaId, reservationId, state } : undefined;
}

function isInteger(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}
