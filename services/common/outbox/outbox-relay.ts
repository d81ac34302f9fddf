/**
 * Carries messages from a service's outbox to the bus until each has been taken over. Runs in every
 * process of the service; claims keep two relays from sending the same row at the same time.
 */
import type { Bus, Place } from "../bus/bus.ts";
import type { Message } from "../contracts/messages.ts";
import { failpoint } from "../failpoints.ts";
import { LIMITS } from "../limits.ts";
import type { Log } from "../log.ts";
import { systemTimers, type Timers } from "../timers.ts";
import { WorkLoop } from "../work-loop.ts";
import { OutboxFollower } from "./outbox-follower.ts";
import type { OutboxRows } from "./outbox-rows.ts";
import type { ClaimedMessage } from "./outbox-store.ts";

/** Looked at this often even when nobody woke the relay: rows freed by another process' crash. */
const IDLE_POLL_MS = 500;
/** A crash within this time leads to a redelivery, which the inbox knows. */
const MARK_WITHIN_MS = 50;
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 15_000;
const TIDY_EVERY_MS = 3_600_000;

/** Taken over by the bus, and not yet marked. */
interface Taken {
  readonly message: Message;
  /** Undefined: handled. */
  readonly place: Place | undefined;
}

export interface OutboxRelayOptions {
  readonly rows: OutboxRows;
  readonly bus: Bus;
  readonly log: Log;
  readonly timers?: Timers;
}

export class OutboxRelay {
  readonly #options: OutboxRelayOptions;
  readonly #sending = new Set<Promise<void>>();
  readonly #loop: WorkLoop;
  readonly #follower: OutboxFollower | undefined;
  readonly #window: number;
  #sent: Taken[] = [];
  readonly #timers: Timers;
  #callOffMarking: (() => void) | undefined;
  #tidyAt = 0;

  constructor(options: OutboxRelayOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#loop = new WorkLoop({
      timers: this.#timers,
      look: () => this.#look(),
      // The rows stay where they are, so trying again loses nothing.
      onError: (error) =>
        options.log.warn({ err: error }, "outbox: cannot reach the database, will try again"),
      retryMs: IDLE_POLL_MS,
    });
    this.#window = options.bus.store ? LIMITS.outboxStoreWindow : LIMITS.outboxWindow;
    this.#follower = this.#openFollower();
  }

  start(): void {
    this.#loop.start();
    this.#follower?.start();
  }

  /** Messages sent again because no store knew them any more; since the start of this process. */
  get resent(): number {
    return this.#follower?.resent ?? 0;
  }

  /** Says that rows were committed; cheap, may be called for every transaction. */
  wake(): void {
    this.#loop.wake();
  }

  /** Finishes what is on its way, marks it, and ends. */
  async stop(): Promise<void> {
    await this.#follower?.stop();
    await this.#loop.stop();
    await Promise.allSettled(this.#sending);
    await this.#flush().catch((error) =>
      this.#options.log.warn({ err: error }, "outbox: last marks not written; will be sent again"),
    );
  }

  #openFollower(): OutboxFollower | undefined {
    const { rows, bus, log } = this.#options;
    if (!rows.followed) return undefined;
    return new OutboxFollower({
      rows: rows.followed,
      bus,
      log,
      timers: this.#timers,
      onLost: () => this.#loop.wake(),
    });
  }

  /** Marks what was taken over, claims what is due, sends it; rests when there was nothing. */
  async #look(): Promise<number> {
    await this.#flush();
    // A refusal costs each message an attempt, and the next one comes later for it.
    if (this.#options.bus.store?.reachable === false) return IDLE_POLL_MS;
    const room = this.#window - this.#sending.size;
    const claimed = room > 0 ? await this.#options.rows.claim(room, LIMITS.outboxLeaseSeconds) : [];
    if (claimed.length > 0) await failpoint("relay.afterClaim");
    for (const one of claimed) this.#send(one);
    await this.#tidy();
    // A full claim may have left some over; wake-ups tell of all else.
    return claimed.length > 0 && claimed.length === room ? 0 : IDLE_POLL_MS;
  }

  #send({ message, attempts }: ClaimedMessage): void {
    const sending = this.#options.bus
      .publish(message)
      .then(
        (place) => {
          this.#sent.push({ message, place: place ?? undefined });
        },
        async (error: unknown) => {
          const delayMs = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempts, 10));
          // Every message is sent until it is taken: a refusal is news, not an end.
          const level = attempts < 3 ? "debug" : "warn";
          this.#options.log[level](
            { err: error, messageId: message.messageId, type: message.type, attempts, delayMs },
            "outbox: not delivered, will be sent again",
          );
          await this.#options.rows.postpone(message.messageId, delayMs);
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
        this.#markSoon();
      });
    this.#sending.add(sending);
  }

  /**
   * Nobody waits for the mark of a message that was taken over, so marks are gathered for a moment:
   * one commit for many. A full window waits for room, and a stop for nothing.
   */
  #markSoon(): void {
    const full = this.#sending.size >= this.#window - 1;
    if (full || this.#loop.stopping) this.#loop.wake();
    else this.#callOffMarking ??= this.#timers.after(MARK_WITHIN_MS, () => this.#loop.wake());
  }

  /** Marks all that was handed over since the last time, in one commit. */
  async #flush(): Promise<void> {
    this.#callOffMarking?.();
    this.#callOffMarking = undefined;
    if (this.#sent.length === 0) return;
    const batch = this.#sent;
    this.#sent = [];
    try {
      await failpoint("relay.beforeMark");
      await this.#options.rows.markSent(
        batch.map(({ message }) => message),
        new Map(batch.flatMap(({ message, place }) => (place ? [[message.messageId, place]] : []))),
      );
      await failpoint("relay.afterMark");
    } catch (error) {
      this.#sent = batch.concat(this.#sent);
      throw error;
    }
  }

  async #tidy(): Promise<void> {
    const now = this.#timers.elapsedMs();
    if (now < this.#tidyAt) return;
    this.#tidyAt = now + TIDY_EVERY_MS;
    await this.#options.rows.forgetOld({
      outbox: LIMITS.outboxKeepDays,
      inbox: LIMITS.inboxKeepDays,
    });
  }
}
