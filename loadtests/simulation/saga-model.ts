/** The saga database in memory: the statements of saga-store.ts, over `tables.ts`. */
import { instant } from "../../services/common/clock.ts";
import type { SagaState } from "../../services/common/contracts/saga.ts";
import type { BookingState } from "../../services/saga/booking-saga.ts";
import { hasEnded } from "../../services/saga/booking-saga.ts";
import type { SagaBooks, SagaTransaction } from "../../services/saga/saga-books.ts";
import type { BookedStep } from "../../services/saga/saga-step-store.ts";
import type { Booking, LockedSaga } from "../../services/saga/saga-store.ts";
import { type Deadline, OVERDUE_ATTEMPTS, type Step } from "../../services/saga/step.ts";
import { MessageTables } from "./message-tables.ts";
import { type SimulatedDatabase, Table, type Tx } from "./tables.ts";
import type { Life } from "./virtual-time.ts";

export interface SagaRow {
  readonly booking: Booking;
  readonly state: BookingState;
  readonly attempts: number;
  /** Null exactly when it has ended. */
  readonly deadlineAtMs: number | null;
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
}

export class SagaModel {
  readonly database: SimulatedDatabase;
  readonly messages: MessageTables;
  readonly sagas = new Table<SagaRow>("saga", (row) => row.deadlineAtMs !== null);

  constructor(database: SimulatedDatabase) {
    this.database = database;
    this.messages = new MessageTables(database);
  }

  books(life: Life): SagaBooks {
    return {
      transaction: (work) =>
        this.database.transaction(life, (tx) => work(this.sagaTransaction(tx))),
    };
  }

  sagaTransaction(tx: Tx): SagaTransaction {
    return {
      firstTimes: (messageIds) => this.messages.firstTimes(tx, messageIds),
      putMessages: (messages) => this.messages.putMessages(tx, messages),
      lockSagas: (sagaIds) => this.#lock(tx, sagaIds),
      lockDueSagas: (limit) => this.#lockDue(tx, limit),
      beginSagas: (first) => this.#begin(tx, first),
      recordSteps: (steps) => this.#record(tx, steps),
    };
  }

  async #lock(tx: Tx, sagaIds: readonly string[]): Promise<readonly LockedSaga[]> {
    await tx.statement();
    const locked: LockedSaga[] = [];
    for (const id of sagaIds.toSorted()) {
      // A row that another transaction is only inserting is not seen, and not waited for.
      if (!tx.read(this.sagas, id)) continue;
      await tx.lock(this.sagas, id);
      locked.push(lockedOf(tx.read(this.sagas, id)!, tx));
    }
    return locked;
  }

  async #lockDue(tx: Tx, limit: number): Promise<readonly LockedSaga[]> {
    await tx.statement();
    return [...this.sagas.open]
      .map((id) => this.sagas.rows.get(id)!)
      .filter((row) => row.deadlineAtMs! <= tx.beganAtMs)
      .sort((a, b) => a.deadlineAtMs! - b.deadlineAtMs!)
      .filter((row) => tx.tryLock(this.sagas, row.booking.sagaId))
      .slice(0, limit)
      .map((row) => lockedOf(row, tx));
  }

  async #begin(tx: Tx, first: readonly BookedStep[]): Promise<number> {
    if (first.length === 0) return 0;
    await tx.statement();
    let begun = 0;
    for (const { booking, step } of first) {
      await tx.lock(this.sagas, booking.sagaId);
      if (tx.read(this.sagas, booking.sagaId)) continue;
      begun += 1;
      const nowMs = tx.database.time.epochMs;
      tx.write(this.sagas, booking.sagaId, {
        ...{ booking, state: step.to, attempts: step.attempts },
        deadlineAtMs: checked(step, deadlineOf(step.deadline, null, tx)),
        ...{ startedAtMs: nowMs, updatedAtMs: nowMs },
      });
    }
    return begun;
  }

  async #record(tx: Tx, steps: readonly BookedStep[]): Promise<void> {
    if (steps.length === 0) return;
    await tx.statement();
    for (const { booking, step } of steps) {
      if (step.changes === "nothing") continue;
      await tx.lock(this.sagas, booking.sagaId);
      const row = tx.read(this.sagas, booking.sagaId)!;
      tx.write(this.sagas, booking.sagaId, {
        ...{ ...row, state: step.to, attempts: step.attempts },
        deadlineAtMs: checked(step, deadlineOf(step.deadline, row.deadlineAtMs, tx)),
        updatedAtMs: step.changes === "state" ? tx.database.time.epochMs : row.updatedAtMs,
      });
    }
  }
}

/** now() + … */
function deadlineOf(deadline: Deadline, before: number | null, tx: Tx): number | null {
  if (deadline === "keep") return before;
  if (deadline === "none") return null;
  return tx.beganAtMs + deadline.inSeconds * 1_000;
}

/** The table's check: whatever has not ended is looked at again. */
function checked({ to }: Step, deadlineAtMs: number | null): number | null {
  if (hasEnded(to.at) !== (deadlineAtMs === null)) throw new Error("saga_open_has_deadline");
  return deadlineAtMs;
}

function lockedOf(row: SagaRow, tx: Tx): LockedSaga {
  const { booking, state, attempts, deadlineAtMs, startedAtMs, updatedAtMs } = row;
  return {
    ...{ booking, state, attempts, overdue: attempts >= OVERDUE_ATTEMPTS },
    name: state.at.toUpperCase() as SagaState,
    deadlineAt: deadlineAtMs === null ? null : instant(deadlineAtMs),
    startedAt: instant(startedAtMs),
    updatedAt: instant(updatedAtMs),
    waitedSeconds: Math.max(0, Math.round((tx.beganAtMs - updatedAtMs) / 1_000)),
  };
}
