/**
 * One purchase from pass to reservation. The pass is spent first and given back whenever it is
 * certain that nothing was reserved; the database alone decides what is sold to whom.
 */

import type { Clock } from "../common/clock.ts";
import { instant } from "../common/clock.ts";
import type { PassRedemption } from "../common/contracts/queue.ts";
import { failpoint } from "../common/failpoints.ts";
import { type IdSource, newMessageId, newSagaId } from "../common/ids.ts";
import type { Log } from "../common/log.ts";
import type { PassGate } from "./pass-gate.ts";
import type { Reservation } from "./reservation.ts";
import type { SaleBooks } from "./reservation-books.ts";
import {
  nothingCommitted,
  type Refusal,
  type ReserveRequest,
  type ReserveVerdict,
} from "./reservation-store.ts";
import { openActors } from "./stock-actors.ts";
import type { Stock } from "./stock-routing.ts";

export interface Purchase {
  readonly eventId: number;
  readonly userId: number;
  readonly productId: number;
  readonly quantity: number;
  readonly passToken: string;
  readonly idempotencyKey: string | undefined;
}

export type PurchaseAnswer =
  | { readonly outcome: "reserved" | "replayed"; readonly reservation: Reservation }
  | { readonly outcome: "refused"; readonly because: Refusal }
  | { readonly outcome: "passInvalid" }
  /** Too many wait for this product; nothing was done. */
  | { readonly outcome: "overloaded" }
  /** The queue could not be asked; nothing was reserved. */
  | { readonly outcome: "queueSilent" }
  /** The database was cut off in the middle: reserved or not, only a repetition can tell. */
  | { readonly outcome: "unknown" };

export interface BookingDeskOptions {
  readonly books: SaleBooks;
  readonly gate: Pick<PassGate, "redeem" | "giveBack" | "giveBackUnlessSpent" | "giveBackLater">;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** Default: actors of this desk alone. */
  readonly stock?: Stock;
  /** Told after a reservation and its message were committed. */
  readonly onReserved: () => void;
}

export class BookingDesk {
  readonly #options: BookingDeskOptions;
  readonly #stock: Stock;

  constructor(options: BookingDeskOptions) {
    this.#options = options;
    this.#stock = options.stock ?? openActors(options.books);
  }

  /** @throws what the database throws when it is certain that nothing was reserved. */
  async buy(purchase: Purchase): Promise<PurchaseAnswer> {
    if (!this.#stock.hasRoom(purchase.productId)) return { outcome: "overloaded" };
    const redemption = this.#redemptionOf(purchase);
    const redeemed = await this.#options.gate.redeem(redemption);
    if (redeemed === "redeemed" || redeemed === "replayed") {
      await failpoint("ticket.reserve.afterRedeem");
      return this.#reserve(purchase, redemption);
    }
    // Spent and expired meanwhile, or no queue: the first answer to a key stands all the same.
    // Asked only here, because a pass that opens leads to the same question under the lock.
    const before = await this.#repetitionOf(purchase);
    if (before) return before;
    if (redeemed === "invalid") return { outcome: "passInvalid" };
    // Perhaps only the answer was lost, and the pass is spent.
    this.#options.gate.giveBackLater(redemption);
    return { outcome: "queueSilent" };
  }

  /** A key of the buyer's names the purchase, so that its repetition may present the spent pass. */
  #redemptionOf(purchase: Purchase): PassRedemption {
    const name = purchase.idempotencyKey ?? this.#options.ids();
    return {
      eventId: purchase.eventId,
      clientId: String(purchase.userId),
      passToken: purchase.passToken,
      redemptionKey: `${purchase.userId}:${name}`,
    };
  }

  async #reserve(purchase: Purchase, redemption: PassRedemption): Promise<PurchaseAnswer> {
    const { gate, log, onReserved } = this.#options;
    let verdict: ReserveVerdict;
    try {
      verdict = await this.#stock.ask(this.#requestOf(purchase));
    } catch (error) {
      if (nothingCommitted(error)) {
        // Not by this request; but its key may have bought with the pass before.
        await gate.giveBackUnlessSpent(redemption);
        throw error;
      }
      log.error({ err: error, ...purchase, passToken: undefined }, "outcome of a purchase unknown");
      return { outcome: "unknown" };
    }
    if (verdict.verdict === "RESERVED") onReserved();
    if (!verdict.passSpent) {
      await failpoint("ticket.reserve.beforeGiveBack");
      await gate.giveBack(redemption);
    }
    await failpoint("ticket.reserve.beforeAnswer");
    return answerOf(verdict);
  }

  #requestOf(purchase: Purchase): ReserveRequest {
    const { clock, ids } = this.#options;
    return {
      ...purchase,
      idempotencyKey: purchase.idempotencyKey ?? null,
      sagaId: newSagaId(ids),
      messageId: newMessageId(ids),
      occurredAt: instant(clock.now()),
    };
  }

  async #repetitionOf(purchase: Purchase): Promise<PurchaseAnswer | undefined> {
    const { userId, idempotencyKey } = purchase;
    if (idempotencyKey === undefined) return undefined;
    const reservation = await this.#options.books.findByKey(userId, idempotencyKey);
    if (!reservation) return undefined;
    const same =
      reservation.eventId === purchase.eventId &&
      reservation.productId === purchase.productId &&
      reservation.quantity === purchase.quantity;
    if (!same) return { outcome: "refused", because: "IDEMPOTENCY_CONFLICT" };
    return { outcome: "replayed", reservation };
  }
}

function answerOf(verdict: ReserveVerdict): PurchaseAnswer {
  switch (verdict.verdict) {
    case "RESERVED":
      return { outcome: "reserved", reservation: verdict.reservation };
    case "REPLAYED":
      return { outcome: "replayed", reservation: verdict.reservation };
    default:
      return { outcome: "refused", because: verdict.verdict };
  }
}
