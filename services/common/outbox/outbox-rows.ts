/** A relay's view of its outbox: what it asks of the table, whatever the table is kept in. */
import type { Message } from "../contracts/messages.ts";
import type { Database, Transaction } from "../database.ts";
import {
  type ClaimedMessage,
  claimMessages,
  forgetOld,
  markSent,
  postpone,
} from "./outbox-store.ts";

export interface OutboxRows {
  /** Takes up to `limit` due messages for `leaseSeconds`, unless somebody else has them. */
  claim(limit: number, leaseSeconds: number): Promise<readonly ClaimedMessage[]>;
  /** Marks messages as handed over, with all that follows from it, in one commit. */
  markSent(messages: readonly Message[]): Promise<void>;
  postpone(messageId: string, delayMs: number): Promise<void>;
  forgetOld(olderThanDays: number): Promise<void>;
}

/** Runs in the transaction that marks messages as sent: what follows from the hand-over. */
export type OnSent = (tx: Transaction, messages: readonly Message[]) => Promise<void>;

export function outboxRows(database: Database, onSent?: OnSent): OutboxRows {
  return {
    claim: (limit, leaseSeconds) => claimMessages(database, limit, leaseSeconds),
    async markSent(messages) {
      const ids = messages.map((message) => message.messageId);
      if (!onSent) return markSent(database, ids);
      await database.transaction(async (tx) => {
        await markSent(tx, ids);
        await onSent(tx, messages);
      });
    },
    postpone: (messageId, delayMs) => postpone(database, messageId, delayMs),
    forgetOld: (olderThanDays) => forgetOld(database, olderThanDays),
  };
}
