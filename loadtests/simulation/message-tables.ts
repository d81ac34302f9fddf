/** Outbox and inbox in memory: the statements of outbox-store.ts, over `tables.ts`. */
import type { Message } from "../../services/common/contracts/messages.ts";
import type { OutboxRows } from "../../services/common/outbox/outbox-rows.ts";
import { type SimulatedDatabase, Table, type Tx } from "./tables.ts";
import type { Life } from "./virtual-time.ts";

export interface OutboxRow {
  readonly message: Message;
  readonly sent: boolean;
  readonly attempts: number;
  readonly dueAtMs: number;
}

export class MessageTables {
  readonly database: SimulatedDatabase;
  readonly outbox = new Table<OutboxRow>("outbox", (row) => !row.sent);
  readonly inbox = new Table<true>("inbox");

  constructor(database: SimulatedDatabase) {
    this.database = database;
  }

  async putMessages(tx: Tx, messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    await tx.statement();
    for (const message of messages) {
      await tx.lock(this.outbox, message.messageId);
      if (tx.read(this.outbox, message.messageId)) continue;
      const row = { message, sent: false, attempts: 0, dueAtMs: tx.beganAtMs };
      tx.write(this.outbox, message.messageId, row);
    }
  }

  async firstTimes(tx: Tx, messageIds: readonly string[]): Promise<ReadonlySet<string>> {
    tx.handles = messageIds;
    await tx.statement();
    const fresh = new Set<string>();
    for (const id of [...new Set(messageIds)].sort()) {
      await tx.lock(this.inbox, id);
      if (tx.read(this.inbox, id)) continue;
      tx.write(this.inbox, id, true);
      fresh.add(id);
    }
    return fresh;
  }

  /** `onSent`: what follows from a hand-over, in the transaction of its mark. */
  rowsFor(
    life: Life,
    onSent: (tx: Tx, messages: readonly Message[]) => Promise<void> = async () => {},
  ): OutboxRows {
    const { database, outbox } = this;
    return {
      // Nothing to claim: not worth a transaction, and most looks of a run find nothing.
      claim: async (limit, leaseSeconds) =>
        outbox.open.size === 0
          ? []
          : database.transaction(life, async (tx) => {
              await tx.statement();
              const due = [...outbox.open]
                .map((id) => outbox.rows.get(id)!)
                .filter((row) => row.dueAtMs <= tx.beganAtMs)
                .sort((a, b) => a.dueAtMs - b.dueAtMs);
              const claimed = due
                .filter((row) => tx.tryLock(outbox, row.message.messageId))
                .slice(0, limit);
              return claimed.map(({ message, attempts }) => {
                const dueAtMs = tx.beganAtMs + leaseSeconds * 1_000;
                tx.write(outbox, message.messageId, {
                  message,
                  sent: false,
                  attempts: attempts + 1,
                  dueAtMs,
                });
                return { message, attempts };
              });
            }),
      markSent: (messages) =>
        database.transaction(life, async (tx) => {
          await tx.statement();
          for (const { messageId } of messages) {
            await tx.lock(outbox, messageId);
            const row = tx.read(outbox, messageId);
            if (row && !row.sent) tx.write(outbox, messageId, { ...row, sent: true });
          }
          await onSent(tx, messages);
        }),
      postpone: (messageId, delayMs) =>
        database.transaction(life, async (tx) => {
          await tx.statement();
          await tx.lock(outbox, messageId);
          const row = tx.read(outbox, messageId);
          if (!row || row.sent) return;
          tx.write(outbox, messageId, { ...row, dueAtMs: tx.beganAtMs + delayMs });
        }),
      // A run is shorter than the days for which rows are kept.
      forgetOld: async () => {},
    };
  }
}
