/**
 * Settles cancelled events: cancels their live reservations in batches, each a transaction of its
 * own. What is left to do is found by state, so a restart, or another process, goes on with it.
 */
import type { Database } from "../common/database.ts";
import { failpoint } from "../common/failpoints.ts";
import type { Log } from "../common/log.ts";
import { putMessages } from "../common/outbox/outbox-store.ts";
import { WorkLoop } from "../common/work-loop.ts";
import {
  cancelBatch,
  compensationProgress,
  eventsToCompensate,
  markCompensated,
  productsOf,
} from "./compensation-store.ts";
import { announcement } from "./reservation.ts";
import { type Changes, newStamp } from "./reservation-changes.ts";

/** Reservations cancelled by one transaction; the product's row stays locked meanwhile. */
const BATCH = 250;
/** Looked at this often even when nobody woke us: what another process left behind. */
const IDLE_POLL_MS = 2_000;
/** After a pass that left rows behind, which somebody else was changing. */
const AGAIN_MS = 100;

export class EventCompensation {
  readonly #database: Database;
  readonly #changes: Pick<Changes, "clock" | "ids" | "onMessages">;
  readonly #log: Log;
  readonly #loop: WorkLoop;

  constructor(
    database: Database,
    changes: Pick<Changes, "clock" | "ids" | "onMessages">,
    log: Log,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#log = log;
    this.#loop = new WorkLoop({
      look: () => this.#look(),
      onError: (error) =>
        log.warn({ err: error }, "compensation of cancelled events: will try again"),
      retryMs: IDLE_POLL_MS,
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Says that an event was cancelled. */
  wake(): void {
    this.#loop.wake();
  }

  /** Finishes the batch at hand and ends. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #look(): Promise<number> {
    let left = 0;
    for (const eventId of await eventsToCompensate(this.#database)) {
      left += await this.#settle(eventId);
    }
    return left > 0 ? AGAIN_MS : IDLE_POLL_MS;
  }

  /** @returns the live reservations that are left. */
  async #settle(eventId: number): Promise<number> {
    for (const productId of await productsOf(this.#database, eventId)) {
      let fromUser: number | undefined = 0;
      while (fromUser !== undefined && !this.#loop.stopping) {
        fromUser = await this.#settleBatch(productId, fromUser);
      }
    }
    if (await markCompensated(this.#database, eventId)) {
      this.#log.info({ eventId }, "all reservations of a cancelled event are compensated");
      return 0;
    }
    return (await compensationProgress(this.#database, eventId)).remaining;
  }

  /** @returns the user to go on from; undefined when there was nothing to do. */
  async #settleBatch(productId: number, fromUser: number): Promise<number | undefined> {
    const cancelled = await this.#database.transaction(async (tx) => {
      const batch = await cancelBatch(tx, productId, fromUser, BATCH);
      const messages = batch.map((one) => announcement(one, newStamp(this.#changes)));
      await putMessages(tx, messages);
      if (batch.length > 0) await failpoint("ticket.compensation.beforeCommit");
      return batch;
    });
    if (cancelled.length > 0) await failpoint("ticket.compensation.afterCommit");
    if (cancelled.length > 0) this.#changes.onMessages();
    return cancelled.at(-1)?.userId;
  }
}
