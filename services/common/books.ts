/** Books of a service: changes, messages and inbox marks as one, without a word of SQL. */
import type { Message } from "./contracts/messages.ts";
import type { Database, Transaction } from "./database.ts";
import { firstTimes, putMessages } from "./outbox/outbox-store.ts";

/** What every service does inside a transaction; each is explained at the statement of its name. */
export interface MessageTransaction {
  firstTimes(messageIds: readonly string[]): Promise<ReadonlySet<string>>;
  putMessages(messages: readonly Message[]): Promise<void>;
}

export interface Books<T extends MessageTransaction> {
  /** All of it or nothing: what `work` throws undoes it. */
  transaction<R>(work: (tx: T) => Promise<R>): Promise<R>;
}

/** What a service adds to that. */
export type OwnStatements<T extends MessageTransaction> = Omit<T, keyof MessageTransaction>;

/** Books with a service's own statements beside those for messages. */
export function openBooks<T extends MessageTransaction>(
  database: Database,
  statements: (tx: Transaction) => OwnStatements<T>,
): Books<OwnStatements<T> & MessageTransaction> {
  return {
    transaction: (work) =>
      database.transaction((tx) =>
        work({
          ...statements(tx),
          firstTimes: (messageIds) => firstTimes(tx, messageIds),
          putMessages: (messages) => putMessages(tx, messages),
        }),
      ),
  };
}
