/** What buyers were told, held against what is committed: at every answer, and at the end. */
import type { Purchase, PurchaseAnswer } from "../../services/ticket/booking-desk.ts";
import type { BuyersCancellation } from "../../services/ticket/reservation-changes.ts";
import type { World } from "./world.ts";

/** No answer came; what was asked may have happened. */
export const NOT_HEARD = "not heard";
export type NotHeard = typeof NOT_HEARD;

export class PurchaseBook {
  /** Reservations that were answered. */
  readonly #sold = new Set<number>();
  /** Those among them that were answered as new. */
  readonly #reserved = new Set<number>();
  /** By buyer and key, the first answer. */
  readonly #byKey = new Map<string, number>();
  /** Passes of purchases of which nobody can say whether they gave their pass back. */
  readonly #excused = new Set<string>();
  readonly #open = new Map<string, number>();
  readonly #overlapped = new Set<string>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get sold(): number {
    return this.#sold.size;
  }

  /** Whether two requests for one pass were ever under way at once: one may undo what it cannot see. */
  overlapped(passToken: string): boolean {
    return this.#overlapped.has(passToken);
  }

  begun(purchase: Purchase): { answered(answer: PurchaseAnswer): void } {
    const { passToken } = purchase;
    const before = this.#byKey.get(keyOf(purchase));
    if ((this.#open.get(passToken) ?? 0) > 0) this.#overlapped.add(passToken);
    this.#open.set(passToken, (this.#open.get(passToken) ?? 0) + 1);
    return {
      answered: (answer) => {
        this.#open.set(passToken, this.#open.get(passToken)! - 1);
        this.#answered(purchase, before, answer);
      },
    };
  }

  /** At the process that answers, in the moment it does; `before`: sold when the request began. */
  #answered(purchase: Purchase, before: number | undefined, answer: PurchaseAnswer): void {
    const { judge, ticket } = this.#world;
    const { userId, productId, quantity, passToken, idempotencyKey } = purchase;
    const key = keyOf(purchase);
    if (!("reservation" in answer)) {
      if (answer.outcome === "unknown" || answer.outcome === "queueSilent") {
        this.#excused.add(passToken);
      }
      if (before === undefined || answer.outcome !== "refused") return;
      if (answer.because === "IDEMPOTENCY_CONFLICT") return;
      judge.broken("same answer", `${key}: sold ${before}, then refused, ${answer.because}`);
      return;
    }
    const { id } = answer.reservation;
    const row = ticket.reservations.rows.get(id);
    if (!row) {
      judge.broken("durable answer", `${key}: was told of reservation ${id}, which is not there`);
      return;
    }
    if (row.userId !== userId || row.productId !== productId || row.quantity !== quantity) {
      judge.broken("same answer", `${key}: was answered with another purchase, ${id}`);
    }
    if (answer.outcome === "reserved") {
      if (this.#reserved.has(id)) {
        judge.broken("one reservation", `reservation ${id} was sold twice`);
      }
      this.#reserved.add(id);
    }
    const first = this.#byKey.get(key);
    if (idempotencyKey !== undefined && first !== undefined && first !== id) {
      judge.broken("same answer", `${key}: sold ${first}, then ${id}`);
    }
    if (idempotencyKey !== undefined) this.#byKey.set(key, id);
    this.#sold.add(id);
  }

  cancelled(userId: number, id: number, answer: BuyersCancellation): void {
    const { judge, ticket } = this.#world;
    const status = ticket.reservations.rows.get(id)?.status;
    if (answer.outcome === "notFound" || status !== "CANCELLED") {
      const told = `client ${userId} cancelled ${id} and was told ${answer.outcome}`;
      judge.broken("durable answer", `${told}; it is ${status}`);
    }
  }

  /** Once everything is settled. */
  atRest(): void {
    const { judge, ticket, room, time } = this.#world;
    const keys = new Set<string>();
    const passes = new Set<string>();
    for (const row of ticket.reservations.rows.values()) {
      const key = `${row.userId} ${row.idempotencyKey}`;
      if (row.idempotencyKey !== null && keys.has(key)) {
        judge.broken("one reservation", `client ${key} has two reservations`);
      }
      if (passes.has(row.passToken)) {
        judge.broken("one reservation", `${row.passToken} has two reservations`);
      }
      keys.add(key);
      passes.add(row.passToken);
    }
    for (const id of this.#sold) {
      if (!ticket.reservations.rows.has(id)) {
        judge.broken("durable answer", `reservation ${id} was sold and is gone`);
      }
    }
    for (const pass of room.passes.values()) {
      if (pass.spentBy === undefined || pass.expiresAtMs <= time.epochMs) continue;
      if (passes.has(pass.token) || this.#excused.has(pass.token)) continue;
      if (room.superseded.has(pass.token)) continue;
      // Whoever died with a purchase in hand could give nothing back.
      if ((this.#open.get(pass.token) ?? 0) > 0) continue;
      // Nor could it after the buyer was answered, when the queue had not been reached until then.
      if (room.givingBack.get(pass.token)?.alive === false) continue;
      judge.broken("passes", `${pass.token} is spent and has bought nothing`);
    }
  }
}

const keyOf = ({ userId, idempotencyKey }: Purchase): string =>
  `client ${userId}, key ${idempotencyKey}`;
