/** What a coordinator asks of its database: steps of sagas, their messages and inbox marks as one. */
import { type Books, type MessageTransaction, openBooks } from "../common/books.ts";
import type { Database } from "../common/database.ts";
import { type BookedStep, beginSagas, recordSteps } from "./saga-step-store.ts";
import { type LockedSaga, lockDueSagas, lockSagas } from "./saga-store.ts";

/** Inside one transaction; each is explained at the statement of the same name. */
export interface SagaTransaction extends MessageTransaction {
  lockSagas(sagaIds: readonly string[]): Promise<readonly LockedSaga[]>;
  lockDueSagas(limit: number): Promise<readonly LockedSaga[]>;
  beginSagas(first: readonly BookedStep[]): Promise<number>;
  recordSteps(steps: readonly BookedStep[]): Promise<void>;
}

export type SagaBooks = Books<SagaTransaction>;

export function sagaBooks(database: Database): SagaBooks {
  return openBooks<SagaTransaction>(database, (tx) => ({
    lockSagas: (sagaIds) => lockSagas(tx, sagaIds),
    lockDueSagas: (limit) => lockDueSagas(tx, limit),
    beginSagas: (first) => beginSagas(tx, first),
    recordSteps: (steps) => recordSteps(tx, steps),
  }));
}
