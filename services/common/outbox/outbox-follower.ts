/**
 * Asks what became of messages that a bus took into its keeping, until their consumers have handled
 * them; what no store knows any more goes back among those to be sent. So a bus may lose everything.
 */
import type { Bus, Fate } from "../bus/bus.ts";
import { ROUTES } from "../contracts/messages.ts";
import type { ServiceName } from "../contracts/names.ts";
import type { Database, Transaction } from "../database.ts";
import { LIMITS } from "../limits.ts";
import type { Log } from "../log.ts";
import { WorkLoop } from "../work-loop.ts";
import {
  askLater,
  askNow,
  lockUnhandled,
  markHandled,
  sendAgain,
  type Unhandled,
} from "./outbox-store.ts";

const LOOK_EVERY_MS = 2_000;
/** A dead letter is its consumer's business; asked about only so that the row ends some time. */
const PARKED_AGAIN_SECONDS = 600;

export interface OutboxFollowerOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly log: Log;
  /** Between two questions about a message; default {@link LIMITS.followSeconds}. */
  readonly followSeconds?: number;
  /** Rows are to be sent again. */
  readonly onLost: () => void;
}

export class OutboxFollower {
  readonly #options: OutboxFollowerOptions;
  readonly #loop: WorkLoop;
  /** At first too: the bus may have lost its store while this process was away. */
  #forgotten = true;
  resent = 0;

  constructor(options: OutboxFollowerOptions) {
    this.#options = options;
    this.#loop = new WorkLoop({
      look: () => this.#look(),
      onError: (error) =>
        options.log.warn({ err: error }, "outbox: could not ask what was handled, will ask again"),
      retryMs: LOOK_EVERY_MS,
    });
    options.bus.onForgotten(() => {
      this.#forgotten = true;
      this.#loop.wake();
    });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #look(): Promise<number> {
    if (this.#forgotten) {
      await askNow(this.#options.database);
      this.#forgotten = false;
    }
    const { asked, lost } = await this.#options.database.transaction((tx) => this.#ask(tx));
    this.resent += lost;
    if (lost > 0) this.#options.onLost();
    return asked < LIMITS.followBatch ? LOOK_EVERY_MS : 0;
  }

  /** The rows stay locked while the question is on its way, so no other process asks the same. */
  async #ask(tx: Transaction): Promise<{ readonly asked: number; readonly lost: number }> {
    const rows = await lockUnhandled(tx, LIMITS.followBatch);
    const byService = Map.groupBy(rows, ({ type }) => ROUTES[type].consumer);
    let lost = 0;
    for (const [service, messages] of byService) lost += await this.#settle(tx, service, messages);
    return { asked: rows.length, lost };
  }

  /** @returns how many are to be sent again. */
  async #settle(
    tx: Transaction,
    service: ServiceName,
    messages: readonly Unhandled[],
  ): Promise<number> {
    const { bus, log, followSeconds = LIMITS.followSeconds } = this.#options;
    const fates = await bus.follow(service, messages);
    const all = (fate: Fate) =>
      messages.flatMap(({ messageId }) =>
        (fates.get(messageId) ?? "waiting") === fate ? [messageId] : [],
      );
    const lost = all("lost");
    await markHandled(tx, all("handled"));
    await askLater(tx, all("waiting"), followSeconds);
    await askLater(tx, all("parked"), PARKED_AGAIN_SECONDS);
    await sendAgain(tx, lost);
    if (lost.length > 0) {
      const { length: count } = lost;
      log.warn({ service, count }, "outbox: the bus has lost messages, sending them again");
    }
    return lost.length;
  }
}
