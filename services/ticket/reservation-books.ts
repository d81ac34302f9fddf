/** What selling, confirming and cancelling ask of the ticket database. */
import { type Books, type MessageTransaction, openBooks } from "../common/books.ts";
import type { Database } from "../common/database.ts";
import type { Reservation } from "./reservation.ts";
import {
  type Cancellation,
  lockReservations,
  markCancelled,
  markConfirmed,
  type Which,
} from "./reservation-change-store.ts";
import {
  findByKey,
  type ReserveRequest,
  type ReserveVerdict,
  reserve,
} from "./reservation-store.ts";

/** Inside one transaction; each is explained at the statement of the same name. */
export interface ChangeTransaction extends MessageTransaction {
  lockReservations(which: Which): Promise<readonly Reservation[]>;
  markConfirmed(ids: readonly number[]): Promise<void>;
  markCancelled(cancellations: readonly Cancellation[]): Promise<void>;
}

export type ChangeBooks = Books<ChangeTransaction>;

export interface SaleBooks {
  reserve(requests: readonly ReserveRequest[]): Promise<readonly ReserveVerdict[]>;
  findByKey(userId: number, idempotencyKey: string): Promise<Reservation | null>;
}

export function changeBooks(database: Database): ChangeBooks {
  return openBooks<ChangeTransaction>(database, (tx) => ({
    lockReservations: (which) => lockReservations(tx, which),
    markConfirmed: (ids) => markConfirmed(tx, ids),
    markCancelled: (cancellations) => markCancelled(tx, cancellations),
  }));
}

export function saleBooks(database: Database): SaleBooks {
  return {
    reserve: (requests) => reserve(database, requests),
    findByKey: (userId, idempotencyKey) => findByKey(database, userId, idempotencyKey),
  };
}
