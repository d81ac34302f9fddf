/** What a coordinator asks of its database: steps of sagas, their messages and inbox marks as one. */
import type { Message } from "../common/contracts/messages.ts";
import type { Database } from "../common/database.ts";
import { firstTimes, putMessages } from "../common/outbox/outbox-store.ts";
import { type BookedStep, beginSagas, recordSteps } from "./saga-step-store.ts";
import { type LockedSaga, lockDueSagas, lockSagas } from "./saga-store.ts";

/** Inside one transaction; each is explained at the statement of the same name. */
export interface SagaTransaction {
  firstTimes(messageIds: readonly string[]): Promise<ReadonlySet<string>>;
  putMessages(messages: readonly Message[]): Promise<void>;
  lockSagas(sagaIds: readonly string[]): Promise<readonly LockedSaga[]>;
  lockDueSagas(limit: number): Promise<readonly LockedSaga[]>;
  beginSagas(first: readonly BookedStep[]): Promise<number>;
  recordSteps(steps: readonly BookedStep[]): Promise<void>;
}

export interface SagaBooks {
  /** All of it or nothing: what `work` throws undoes it. */
  transaction<T>(work: (tx: SagaTransaction) => Promise<T>): Promise<T>;
}

export function sagaBooks(database: Database): SagaBooks {
  return {
    transaction: (work) =>
      database.transaction((tx) =>
        work({
          firstTimes: (messageIds) => firstTimes(tx, messageIds),
          putMessages: (messages) => putMessages(tx, messages),
          lockSagas: (sagaIds) => lockSagas(tx, sagaIds),
          lockDueSagas: (limit) => lockDueSagas(tx, limit),
          beginSagas: (first) => beginSagas(tx, first),
          recordSteps: (steps) => recordSteps(tx, steps),
        }),
      ),
  };
}
