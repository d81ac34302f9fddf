/** What selling, confirming and cancelling ask of the ticket database. */
import type { Message } from "../common/contracts/messages.ts";
import type { Database } from "../common/database.ts";
import { firstTime, putMessages } from "../common/outbox/outbox-store.ts";
import type { Reservation } from "./reservation.ts";
import {
  findByKey,
  lockReservation,
  markCancelled,
  markConfirmed,
  type ReserveRequest,
  type ReserveVerdict,
  reserve,
} from "./reservation-store.ts";

/** Inside one transaction; each is explained at the statement of the same name. */
export interface ChangeTransaction {
  firstTime(messageId: string): Promise<boolean>;
  putMessages(messages: readonly Message[]): Promise<void>;
  lockReservation(
    which: { readonly id: number } | { readonly sagaId: string },
  ): Promise<Reservation | null>;
  markConfirmed(id: number): Promise<void>;
  markCancelled(id: number, reason: string): Promise<void>;
}

export interface ChangeBooks {
  /** All of it or nothing: what `work` throws undoes it. */
  transaction<T>(work: (tx: ChangeTransaction) => Promise<T>): Promise<T>;
}

export interface SaleBooks {
  reserve(requests: readonly ReserveRequest[]): Promise<readonly ReserveVerdict[]>;
  findByKey(userId: number, idempotencyKey: string): Promise<Reservation | null>;
}

export function changeBooks(database: Database): ChangeBooks {
  return {
    transaction: (work) =>
      database.transaction((tx) =>
        work({
          firstTime: (messageId) => firstTime(tx, messageId),
          putMessages: (messages) => putMessages(tx, messages),
          lockReservation: (which) => lockReservation(tx, which),
          markConfirmed: (id) => markConfirmed(tx, id),
          markCancelled: (id, reason) => markCancelled(tx, id, reason),
        }),
      ),
  };
}

export function saleBooks(database: Database): SaleBooks {
  return {
    reserve: (requests) => reserve(database, requests),
    findByKey: (userId, idempotencyKey) => findByKey(database, userId, idempotencyKey),
  };
}
