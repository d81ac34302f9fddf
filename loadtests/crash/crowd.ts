/**
 * Buyers of a sale whose services keep dying: they join, wait, buy under a key, repeat what they
 * did not hear back about, cancel some. They do what a patient honest client does, and write down
 * what they were told.
 */
import { setTimeout as wait } from "node:timers/promises";
import { uuid } from "../../services/common/ids.ts";
import type { CrowdRecord, Outcome, Purchase } from "./record.ts";
import type { Reply, Shop } from "./shop.ts";

export interface Buyer {
  readonly userId: number;
  readonly token: string;
}

export interface Target {
  readonly eventId: number;
  readonly productIds: readonly number[];
}

export interface Habits {
  /** 0 to 1 each. */
  readonly hangsUp: number;
  readonly sendsTwice: number;
  readonly cancels: number;
  readonly triesPassAgain: number;
}

export const FAULTY_HABITS: Habits = {
  hangsUp: 0.1,
  sendsTwice: 0.15,
  cancels: 0.2,
  triesPassAgain: 0.1,
};
/** What it takes to see that nothing is wrong while nothing goes wrong. */
export const CALM_HABITS: Habits = { hangsUp: 0, sendsTwice: 0, cancels: 0.2, triesPassAgain: 0.1 };

export interface CrowdOptions {
  readonly shop: Shop;
  readonly record: CrowdRecord;
  readonly random: () => number;
  readonly habits: Habits;
  /** The event to buy from next. */
  readonly target: () => Target;
  /** The next person who has not bought yet. */
  readonly nextBuyer: () => Buyer | undefined;
  /** Ends the shopping: nobody begins anew, and what is under way is still brought to an end … */
  readonly closing: AbortSignal;
  /** … but not for longer than this after it. */
  readonly graceMs: number;
}

const POLL_MS = 120;
const AGAIN_MS = 150;
const LONGEST_HANG_UP_MS = 60;
/** A client that is shown no pass for so long gives up: perhaps its event was cancelled. */
const PATIENCE_MS = 20_000;

/** One shopper after the other through one door; resolves when the sale is closed. */
export async function shopOn(options: CrowdOptions): Promise<void> {
  while (!options.closing.aborted) {
    const buyer = options.nextBuyer();
    if (!buyer) return;
    await new Visit(options, buyer, options.target()).run();
  }
}

class Visit {
  readonly #options: CrowdOptions;
  readonly #buyer: Buyer;
  readonly #target: Target;
  readonly #began = performance.now();

  constructor(options: CrowdOptions, buyer: Buyer, target: Target) {
    this.#options = options;
    this.#buyer = buyer;
    this.#target = target;
  }

  async run(): Promise<void> {
    const passToken = await this.#waitInLine();
    if (!passToken) return;
    const { habits } = this.#options;
    const purchase = this.#wish(passToken);
    await this.#buy(purchase);
    if (purchase.told.length > 0 && this.#happens(habits.triesPassAgain)) {
      await this.#buy(this.#wish(passToken), 1);
    }
    if (purchase.told.length > 0 && this.#happens(habits.cancels)) await this.#cancel(purchase);
  }

  #wish(passToken: string): Purchase {
    const { random, record } = this.#options;
    const { eventId, productIds } = this.#target;
    const purchase: Purchase = {
      userId: this.#buyer.userId,
      eventId,
      productId: productIds[Math.floor(random() * productIds.length)]!,
      quantity: random() < 0.3 ? 2 : 1,
      key: uuid(),
      passToken,
      attempts: [],
      told: [],
    };
    record.purchases.push(purchase);
    return purchase;
  }

  /** The pass; undefined where none came. */
  async #waitInLine(): Promise<string | undefined> {
    const { shop, record, closing } = this.#options;
    const { token } = this.#buyer;
    const path = `/queue/${this.#target.eventId}`;
    let ticket: string | undefined;
    while (!closing.aborted && performance.now() - this.#began < PATIENCE_MS) {
      const headers: Record<string, string> = ticket ? { "x-queue-ticket": ticket } : {};
      if (!ticket) {
        const joined = await shop.ask("queue", `${path}/enqueue`, { method: "POST", token });
        record.joins += 1;
        if (joined.status === 200) ticket = String(joined.body.queueTicket);
        else if (isRefusal(joined)) return undefined;
      } else {
        const status = await shop.ask("queue", `${path}/status`, { token, headers });
        if (status.status === 200 && status.body.passReady) return String(status.body.passToken);
        if (status.code === "NOT_IN_QUEUE") ticket = undefined;
      }
      await wait(POLL_MS);
    }
    return undefined;
  }

  /** Repeats under the same key until an answer decides it, at most `most` times. */
  async #buy(purchase: Purchase, most = 200): Promise<void> {
    const { habits } = this.#options;
    for (let attempt = 0; attempt < most && !this.#tooLate(); attempt += 1) {
      const copies = attempt === 0 && this.#happens(habits.sendsTwice) ? 2 : 1;
      const sent = Array.from({ length: copies }, () => this.#reserve(purchase, copies === 1));
      const outcomes = await Promise.all(sent);
      if (purchase.told.length > 0 || outcomes.every((one) => one === "refused")) return;
      await wait(AGAIN_MS);
    }
  }

  async #reserve(purchase: Purchase, mayHangUp: boolean): Promise<Outcome> {
    const { shop, random, habits, record } = this.#options;
    const sentAtMs = Date.now();
    const reply = await shop.ask("ticket", `/api/reservations?eventId=${purchase.eventId}`, {
      token: this.#buyer.token,
      headers: { "x-pass-token": purchase.passToken, "idempotency-key": purchase.key },
      body: { productId: purchase.productId, quantity: purchase.quantity },
      hangUpAfterMs:
        mayHangUp && this.#happens(habits.hangsUp) ? random() * LONGEST_HANG_UP_MS : undefined,
    });
    const outcome = reply.status === 201 ? "ok" : isRefusal(reply) ? "refused" : "unknown";
    purchase.attempts.push({ sentAtMs, outcome, status: reply.status, code: reply.code });
    if (reply.status === 500) record.absurd.push(`reserve answered 500 for key ${purchase.key}`);
    if (outcome === "ok") {
      const { id, sagaId } = reply.body as { id: number; sagaId: string };
      purchase.told.push({ reservationId: id, sagaId });
    }
    return outcome;
  }

  async #cancel(purchase: Purchase): Promise<void> {
    const { shop, random } = this.#options;
    const { reservationId } = purchase.told[0]!;
    await wait(random() * 400);
    purchase.cancellation = "unknown";
    while (!this.#tooLate()) {
      const path = `/api/reservations/${reservationId}/cancel`;
      const reply = await shop.ask("ticket", path, { method: "PUT", token: this.#buyer.token });
      // INVALID_STATE: the answer to an earlier attempt was lost, or somebody else cancelled it.
      if (reply.status === 200 || reply.code === "INVALID_STATE") {
        purchase.cancellation = "ok";
        return;
      }
      if (isRefusal(reply)) {
        purchase.cancellation = "refused";
        return;
      }
      await wait(AGAIN_MS);
    }
  }

  #happens(share: number): boolean {
    return this.#options.random() < share;
  }

  #tooLate(): boolean {
    const { closing, graceMs } = this.#options;
    if (!closing.aborted) return false;
    return performance.now() > (closing.reason as { readonly atMs: number }).atMs + graceMs;
  }
}

/** The server decided, and will not decide otherwise: 429 and 5xx are no decisions. */
function isRefusal({ status }: Reply): boolean {
  return status >= 400 && status < 500 && status !== 429 && status !== 408;
}
