/** What orders and workers ask of the payment database: changes, messages and inbox marks as one. */
import { type Books, type MessageTransaction, openBooks } from "../common/books.ts";
import type { Database } from "../common/database.ts";
import {
  type Capture,
  type ClaimedPayment,
  claimDue,
  type Failure,
  failPending,
  insertPending,
  insertTombstone,
  lockBySaga,
  type NewPayment,
  orderRefund,
  type Postponement,
  postpone,
  recordCaptured,
  recordFailed,
  recordRefunded,
  type StoredPayment,
} from "./payment-store.ts";

/** Inside one transaction; each is explained at the statement of the same name. */
export interface PaymentTransaction extends MessageTransaction {
  insertPending(payments: readonly NewPayment[]): Promise<ReadonlySet<string>>;
  insertTombstone(payment: NewPayment, reason: string): Promise<StoredPayment | undefined>;
  lockBySaga(sagaId: string): Promise<StoredPayment | undefined>;
  failPending(id: string, reason: string): Promise<StoredPayment | undefined>;
  orderRefund(id: string): Promise<void>;
  recordCaptured(captures: readonly Capture[]): Promise<readonly StoredPayment[]>;
  recordFailed(failures: readonly Failure[]): Promise<readonly StoredPayment[]>;
  recordRefunded(ids: readonly string[]): Promise<readonly StoredPayment[]>;
  postpone(postponements: readonly Postponement[]): Promise<void>;
}

export interface PaymentBooks extends Books<PaymentTransaction> {
  claimDue(limit: number, leaseSeconds: number): Promise<readonly ClaimedPayment[]>;
}

export function paymentBooks(database: Database): PaymentBooks {
  return {
    ...openBooks<PaymentTransaction>(database, (tx) => ({
      insertPending: (payments) => insertPending(tx, payments),
      insertTombstone: (payment, reason) => insertTombstone(tx, payment, reason),
      lockBySaga: (sagaId) => lockBySaga(tx, sagaId),
      failPending: (id, reason) => failPending(tx, id, reason),
      orderRefund: (id) => orderRefund(tx, id),
      recordCaptured: (captures) => recordCaptured(tx, captures),
      recordFailed: (failures) => recordFailed(tx, failures),
      recordRefunded: (ids) => recordRefunded(tx, ids),
      postpone: (postponements) => postpone(tx, postponements),
    })),
    claimDue: (limit, leaseSeconds) => claimDue(database, limit, leaseSeconds),
  };
}
