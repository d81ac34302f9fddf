/**
 * Asks what became of messages that a bus took into its keeping, until their consumers have handled
 * them; what no store knows any more goes back among those to be sent. So a bus may lose everything.
 */
import type { Bus, Fate } from "../bus/bus.ts";
import { ROUTES } from "../contracts/messages.ts";
import type { ServiceName } from "../contracts/names.ts";
import { failpoint } from "../failpoints.ts";
import { LIMITS } from "../limits.ts";
import type { Log } from "../log.ts";
import type { Timers } from "../timers.ts";
import { WorkLoop } from "../work-loop.ts";
import type { FollowedRows, Verdicts } from "./outbox-rows.ts";
import type { Unhandled } from "./outbox-store.ts";

const LOOK_EVERY_MS = 2_000;

export interface OutboxFollowerOptions {
  readonly rows: FollowedRows;
  readonly bus: Bus;
  readonly log: Log;
  readonly timers: Timers;
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
      timers: options.timers,
      look: () => this.#look(),
      onError: (error) =>
        options.log.warn({ err: error }, "outbox: could not ask what was handled, will ask again"),
      retryMs: LOOK_EVERY_MS,
    });
    options.bus.store?.onForgotten(() => {
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
    const { rows, onLost } = this.#options;
    if (this.#forgotten) {
      await rows.askNow();
      this.#forgotten = false;
    }
    let lost = 0;
    const asked = await rows.ask(LIMITS.followBatch, async (unhandled) => {
      const verdicts = await this.#ask(unhandled);
      lost = verdicts.lost.length;
      if (unhandled.length > 0) await failpoint("relay.follow.beforeCommit");
      return verdicts;
    });
    if (lost > 0) {
      this.resent += lost;
      this.#options.log.warn({ lost }, "outbox: the bus has lost messages, sending them again");
      onLost();
    }
    return asked < LIMITS.followBatch ? LOOK_EVERY_MS : 0;
  }

  async #ask(rows: readonly Unhandled[]): Promise<Verdicts> {
    const byFate: Record<Fate, string[]> = { handled: [], parked: [], waiting: [], lost: [] };
    const byService = Map.groupBy(rows, ({ type }) => ROUTES[type].consumer);
    for (const [service, messages] of byService) {
      const fates = await this.#fatesOf(service, messages);
      for (const { messageId } of messages) {
        byFate[fates?.get(messageId) ?? "waiting"].push(messageId);
      }
    }
    return byFate;
  }

  /** Without a store nothing is kept, so what an earlier bus had kept is sent by this one. */
  async #fatesOf(
    service: ServiceName,
    messages: readonly Unhandled[],
  ): Promise<ReadonlyMap<string, Fate> | undefined> {
    const { store } = this.#options.bus;
    if (!store) return new Map(messages.map(({ messageId }) => [messageId, "lost"]));
    return store.follow(service, messages);
  }
}
