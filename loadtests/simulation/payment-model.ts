/** The payment database in memory: the statements of payment-store.ts, over `tables.ts`. */
import { instant } from "../../services/common/clock.ts";
import type { PaymentBooks, PaymentTransaction } from "../../services/payment/payment-books.ts";
import type {
  ClaimedPayment,
  NewPayment,
  Postponement,
  StoredPayment,
} from "../../services/payment/payment-store.ts";
import { MessageTables } from "./message-tables.ts";
import { type SimulatedDatabase, Table, type Tx } from "./tables.ts";
import type { Life } from "./virtual-time.ts";

export interface PaymentRow extends StoredPayment {
  /** Null exactly when nothing is left to do. */
  readonly dueAtMs: number | null;
}

export class PaymentModel {
  readonly database: SimulatedDatabase;
  readonly messages: MessageTables;
  readonly payments = new Table<PaymentRow>("payment", (row) => row.dueAtMs !== null);
  /** The unique key, to the payment's id. */
  readonly bySaga = new Table<string>("saga");

  constructor(database: SimulatedDatabase) {
    this.database = database;
    this.messages = new MessageTables(database);
  }

  books(life: Life): PaymentBooks {
    return {
      transaction: (work) =>
        this.database.transaction(life, (tx) => work(this.paymentTransaction(tx))),
      claimDue: async (limit, leaseSeconds) =>
        this.payments.open.size === 0
          ? []
          : this.database.transaction(life, (tx) => this.#claimDue(tx, limit, leaseSeconds)),
    };
  }

  paymentTransaction(tx: Tx): PaymentTransaction {
    const change = this.#change.bind(this, tx);
    const one = async (ids: readonly string[], to: (row: PaymentRow) => PaymentRow | undefined) =>
      (await change(ids, to))[0];
    const nowMs = tx.beganAtMs;
    return {
      firstTimes: (messageIds) => this.messages.firstTimes(tx, messageIds),
      putMessages: (messages) => this.messages.putMessages(tx, messages),
      insertPending: async (payments) => {
        const opened = new Set<string>();
        for (const payment of payments.toSorted((a, b) => (a.sagaId < b.sagaId ? -1 : 1))) {
          const row = await this.#insert(tx, { ...blank(payment, nowMs), dueAtMs: nowMs });
          if (row) opened.add(row.sagaId);
        }
        return opened;
      },
      insertTombstone: (payment, failureReason) =>
        this.#insert(tx, { ...blank(payment, nowMs), status: "FAILED", failureReason }),
      lockBySaga: (sagaId) => this.#lockBySaga(tx, sagaId),
      failPending: (id, failureReason) =>
        one([id], (row) =>
          row.status === "PENDING"
            ? { ...row, status: "FAILED", failureReason, dueAtMs: null }
            : undefined,
        ),
      orderRefund: async (id) => {
        await change([id], (row) =>
          !row.refundOrdered && (row.status === "PROCESSING" || row.status === "COMPLETED")
            ? { ...row, refundOrdered: true, dueAtMs: nowMs, attempts: 0 }
            : undefined,
        );
      },
      recordCaptured: (captures) => {
        const transactions = new Map(captures.map((one) => [one.id, one.transactionId]));
        return change([...transactions.keys()], (row) =>
          row.status === "PROCESSING"
            ? {
                ...{ ...row, status: "COMPLETED", transactionId: transactions.get(row.id)! },
                ...{ completedAt: instant(nowMs), failureReason: null, attempts: 0 },
                dueAtMs: row.refundOrdered ? nowMs : null,
              }
            : undefined,
        );
      },
      recordFailed: (failures) => {
        const reasons = new Map(failures.map((one) => [one.id, one.reason]));
        return change([...reasons.keys()], (row) =>
          row.status === "PROCESSING"
            ? { ...row, status: "FAILED", failureReason: reasons.get(row.id)!, dueAtMs: null }
            : undefined,
        );
      },
      recordRefunded: (ids) =>
        change(ids, (row) =>
          row.status === "COMPLETED" && row.refundOrdered
            ? { ...row, status: "REFUNDED", failureReason: null, dueAtMs: null }
            : undefined,
        ),
      postpone: (postponements) => this.#postpone(tx, postponements),
    };
  }

  /** The unlocked look of a statement's WHERE is repeated once the row is locked, as PostgreSQL does. */
  async #change(
    tx: Tx,
    ids: readonly string[],
    to: (row: PaymentRow) => PaymentRow | undefined,
  ): Promise<PaymentRow[]> {
    if (ids.length === 0) return [];
    await tx.statement();
    const changed: PaymentRow[] = [];
    for (const id of ids) {
      const seen = tx.read(this.payments, id);
      if (!seen || !to(seen)) continue;
      await tx.lock(this.payments, id);
      const row = to(tx.read(this.payments, id)!);
      if (!row) continue;
      tx.write(this.payments, id, row);
      changed.push(row);
    }
    return changed;
  }

  async #insert(tx: Tx, row: PaymentRow): Promise<PaymentRow | undefined> {
    await tx.statement();
    await tx.lock(this.bySaga, row.sagaId);
    if (tx.read(this.bySaga, row.sagaId) !== undefined) return undefined;
    await tx.lock(this.payments, row.id);
    tx.write(this.bySaga, row.sagaId, row.id);
    tx.write(this.payments, row.id, row);
    return row;
  }

  async #lockBySaga(tx: Tx, sagaId: string): Promise<PaymentRow | undefined> {
    await tx.statement();
    const id = tx.read(this.bySaga, sagaId);
    if (id === undefined) return undefined;
    await tx.lock(this.payments, id);
    return tx.read(this.payments, id);
  }

  async #claimDue(tx: Tx, limit: number, leaseSeconds: number): Promise<ClaimedPayment[]> {
    await tx.statement();
    const due = [...this.payments.open]
      .map((id) => this.payments.rows.get(id)!)
      .filter((row) => row.dueAtMs! <= tx.beganAtMs)
      .sort((a, b) => a.dueAtMs! - b.dueAtMs!)
      .filter((row) => tx.tryLock(this.payments, row.id))
      .slice(0, limit);
    return due.map((row) => {
      const claimed: PaymentRow = {
        ...row,
        status: row.status === "PENDING" ? "PROCESSING" : row.status,
        attempts: row.attempts + 1,
        dueAtMs: tx.beganAtMs + leaseSeconds * 1_000,
      };
      tx.write(this.payments, row.id, claimed);
      return { ...claimed, before: row.status };
    });
  }

  async #postpone(tx: Tx, postponements: readonly Postponement[]): Promise<void> {
    for (const { payment, delayMs, because } of postponements) {
      await this.#change(tx, [payment.id], (row) =>
        row.status === payment.status &&
        row.attempts === payment.attempts &&
        row.refundOrdered === payment.refundOrdered
          ? {
              ...{ ...row, dueAtMs: tx.beganAtMs + delayMs },
              failureReason: row.status === "COMPLETED" ? because : row.failureReason,
            }
          : undefined,
      );
    }
  }
}

function blank(payment: NewPayment, nowMs: number): PaymentRow {
  return {
    ...payment,
    ...{ status: "PENDING", transactionId: null, failureReason: null, refundOrdered: false },
    ...{ attempts: 0, createdAt: instant(nowMs), completedAt: null, dueAtMs: null },
  };
}
