/** What a coordinator asks of its database: one saga's step, its messages and its inbox mark as one. */
import type { Message } from "../common/contracts/messages.ts";
import type { Database } from "../common/database.ts";
import { firstTime, putMessages } from "../common/outbox/outbox-store.ts";
import {
  type Booking,
  beginSaga,
  type LockedSaga,
  lockDueSagas,
  lockSaga,
  recordStep,
} from "./saga-store.ts";
import type { Step } from "./step.ts";

/** Inside one transaction; each is explained at the statement of the same name. */
export interface SagaTransaction {
  firstTime(messageId: string): Promise<boolean>;
  putMessages(messages: readonly Message[]): Promise<void>;
  lockSaga(sagaId: string): Promise<LockedSaga | undefined>;
  lockDueSagas(limit: number): Promise<readonly LockedSaga[]>;
  beginSaga(booking: Booking, step: Step): Promise<boolean>;
  recordStep(sagaId: string, step: Step): Promise<void>;
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
          firstTime: (messageId) => firstTime(tx, messageId),
          putMessages: (messages) => putMessages(tx, messages),
          lockSaga: (sagaId) => lockSaga(tx, sagaId),
          lockDueSagas: (limit) => lockDueSagas(tx, limit),
          beginSaga: (booking, step) => beginSaga(tx, booking, step),
          recordStep: (sagaId, step) => recordStep(tx, sagaId, step),
        }),
      ),
  };
}
