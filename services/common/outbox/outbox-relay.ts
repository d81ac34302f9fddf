/**
 * Carries messages from a service's outbox to the bus until each has been taken over. Runs in every
 * process of the service; claims keep two relays from sending the same row at the same time.
 */
import type { Bus } from "../bus/bus.ts";
import type { Message } from "../contracts/messages.ts";
import type { Database, Transaction } from "../database.ts";
import { LIMITS } from "../limits.ts";
import type { Log } from "../log.ts";
import { WorkLoop } from "../work-loop.ts";
import {
  type ClaimedMessage,
  claimMessages,
  forgetOld,
  markSent,
  postpone,
} from "./outbox-store.ts";

/** Looked at this often even when nobody woke the relay: rows freed by another process' crash. */
const IDLE_POLL_MS = 500;
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 15_000;
const TIDY_EVERY_MS = 3_600_000;
const KEEP_DAYS = 7;

export interface OutboxRelayOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly log: Log;
  /** Runs in the transaction that marks messages as sent: what follows from the hand-over. */
  readonly onSent?: (tx: Transaction, messages: readonly Message[]) => Promise<void>;
}

export class OutboxRelay {
  readonly #options: OutboxRelayOptions;
  readonly #sending = new Set<Promise<void>>();
  readonly #loop: WorkLoop;
  #sent: Message[] = [];
  #tidyAt = 0;

  constructor(options: OutboxRelayOptions) {
    this.#options = options;
    this.#loop = new WorkLoop({
      look: () => this.#look(),
      // The rows stay where they are, so trying again loses nothing.
      onError: (error) =>
        options.log.warn({ err: error }, "outbox: cannot reach the database, will try again"),
      retryMs: IDLE_POLL_MS,
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Says that rows were committed; cheap, may be called for every transaction. */
  wake(): void {
    this.#loop.wake();
  }

  /** Finishes what is on its way, marks it, and ends. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.allSettled(this.#sending);
    await this.#flush().catch((error) =>
      this.#options.log.warn({ err: error }, "outbox: last marks not written; will be sent again"),
    );
  }

  /** Marks what was taken over, claims what is due, sends it; rests when there was nothing. */
  async #look(): Promise<number> {
    await this.#flush();
    const room = LIMITS.outboxWindow - this.#sending.size;
    const claimed =
      room > 0 ? await claimMessages(this.#options.database, room, LIMITS.outboxLeaseSeconds) : [];
    for (const one of claimed) this.#send(one);
    await this.#tidy();
    return claimed.length === 0 && this.#sent.length === 0 ? IDLE_POLL_MS : 0;
  }

  #send({ message, attempts }: ClaimedMessage): void {
    const sending = this.#options.bus
      .publish(message)
      .then(
        () => {
          this.#sent.push(message);
        },
        async (error: unknown) => {
          const delayMs = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempts, 10));
          // Every message is sent until it is taken: a refusal is news, not an end.
          const level = attempts < 3 ? "debug" : "warn";
          this.#options.log[level](
            { err: error, messageId: message.messageId, type: message.type, attempts, delayMs },
            "outbox: not delivered, will be sent again",
          );
          await postpone(this.#options.database, message.messageId, delayMs);
        },
      )
      .catch((error: unknown) => {
        this.#options.log.warn(
          { err: error },
          "outbox: back-off not written; the lease ends by itself",
        );
      })
      .finally(() => {
        this.#sending.delete(sending);
        this.wake();
      });
    this.#sending.add(sending);
  }

  /** Marks a whole batch at once: one commit for all that was handed over since the last look. */
  async #flush(): Promise<void> {
    if (this.#sent.length === 0) return;
    const batch = this.#sent;
    this.#sent = [];
    try {
      await this.#options.database.transaction(async (tx) => {
        await markSent(
          tx,
          batch.map((message) => message.messageId),
        );
        await this.#options.onSent?.(tx, batch);
      });
    } catch (error) {
      this.#sent = batch.concat(this.#sent);
      throw error;
    }
  }

  async #tidy(): Promise<void> {
    const now = performance.now();
    if (now < this.#tidyAt) return;
    this.#tidyAt = now + TIDY_EVERY_MS;
    await forgetOld(this.#options.database, KEEP_DAYS);
  }
}
