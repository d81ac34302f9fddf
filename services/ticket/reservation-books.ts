/** What selling, confirming and cancelling ask of the ticket database. */
import type { Message } from "../common/contracts/messages.ts";
import type { Database } from "../common/database.ts";
import { firstTimes, putMessages } from "../common/outbox/outbox-store.ts";
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
export interface ChangeTransaction {
  firstTimes(messageIds: readonly string[]): Promise<ReadonlySet<string>>;
  putMessages(messages: readonly Message[]): Promise<void>;
  lockReservations(which: Which): Promise<readonly Reservation[]>;
  markConfirmed(ids: readonly number[]): Promise<void>;
  markCancelled(cancellations: readonly Cancellation[]): Promise<void>;
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
          firstTimes: (messageIds) => firstTimes(tx, messageIds),
          putMessages: (messages) => putMessages(tx, messages),
          lockReservations: (which) => lockReservations(tx, which),
          markConfirmed: (ids) => markConfirmed(tx, ids),
          markCancelled: (cancellations) => markCancelled(tx, cancellations),
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
