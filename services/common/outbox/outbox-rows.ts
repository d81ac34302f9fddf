/** A relay's view of its outbox: what it asks of the table, whatever the table is kept in. */
import type { Fate, Place } from "../bus/bus.ts";
import type { Message } from "../contracts/messages.ts";
import type { Database, Transaction } from "../database.ts";
import { LIMITS } from "../limits.ts";
import {
  askLater,
  askNow,
  type ClaimedMessage,
  claimMessages,
  forgetOld,
  type KeepDays,
  lockUnhandled,
  markHandled,
  markSent,
  postpone,
  sendAgain,
  type Unhandled,
} from "./outbox-store.ts";

/** What was found out about rows, by message id. */
export type Verdicts = Readonly<Record<Fate, readonly string[]>>;

/** A dead letter is its consumer's business; asked about only so that the row ends some time. */
const PARKED_AGAIN_SECONDS = 600;

/** Rows that were sent and whose consumers have not, as far as anybody knows, handled them. */
export interface FollowedRows {
  /** Makes all of them due to be asked about. */
  askNow(): Promise<void>;
  /**
   * Holds up to `limit` that are due while `ask` finds out, and writes what it found; no other
   * process asks about the same ones meanwhile. @returns how many they were
   */
  ask(limit: number, ask: (rows: readonly Unhandled[]) => Promise<Verdicts>): Promise<number>;
}

export interface OutboxRows {
  /** Takes up to `limit` due messages for `leaseSeconds`, unless somebody else has them. */
  claim(limit: number, leaseSeconds: number): Promise<readonly ClaimedMessage[]>;
  /**
   * Marks messages as handed over, with all that follows from it, in one commit. `places`: where
   * the bus keeps those that are not handled yet, by message id.
   */
  markSent(messages: readonly Message[], places: ReadonlyMap<string, Place>): Promise<void>;
  postpone(messageId: string, delayMs: number): Promise<void>;
  forgetOld(keep: KeepDays): Promise<void>;
  /** Absent where every message handed over is handled. */
  readonly followed?: FollowedRows;
}

/** Runs in the transaction that marks messages as sent: what follows from the hand-over. */
export type OnSent = (tx: Transaction, messages: readonly Message[]) => Promise<void>;

/** `followSeconds`: until it is asked what became of a message that the bus keeps. */
export function outboxRows(
  database: Database,
  onSent?: OnSent,
  followSeconds: number = LIMITS.followSeconds,
): OutboxRows {
  return {
    claim: (limit, leaseSeconds) => claimMessages(database, limit, leaseSeconds),
    async markSent(messages, places) {
      const ids = messages.map((message) => message.messageId);
      if (!onSent) return markSent(database, ids, places, followSeconds);
      await database.transaction(async (tx) => {
        await markSent(tx, ids, places, followSeconds);
        await onSent(tx, messages);
      });
    },
    postpone: (messageId, delayMs) => postpone(database, messageId, delayMs),
    forgetOld: (keep) => forgetOld(database, keep),
    followed: {
      askNow: () => askNow(database),
      ask: (limit, ask) =>
        database.transaction(async (tx) => {
          const rows = await lockUnhandled(tx, limit);
          const { handled, lost, waiting, parked } = await ask(rows);
          await markHandled(tx, handled);
          await sendAgain(tx, lost);
          await askLater(tx, waiting, followSeconds);
          await askLater(tx, parked, PARKED_AGAIN_SECONDS);
          return rows.length;
        }),
    },
  };
}
