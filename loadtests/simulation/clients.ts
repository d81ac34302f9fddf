/** The crowd of a run: each client's script is drawn from the seed and its number alone. */
import { type Stream, streamOf, unit, whole } from "../../cli/engine/rng.ts";
import type { Polled } from "../../services/queue/waiting-room-store.ts";
import type { JoinAnswer } from "../../services/queue/waiting-rooms.ts";
import type { Purchase, PurchaseAnswer } from "../../services/ticket/booking-desk.ts";
import {
  type BuyersCancellation,
  cancelForBuyer,
} from "../../services/ticket/reservation-changes.ts";
import { NOT_HEARD, type NotHeard, type PurchaseBook } from "./purchase-book.ts";
import type { Life } from "./virtual-time.ts";
import { EVENT_ID, type World } from "./world.ts";

const ANSWER_MS = 15_000;
const ATTEMPTS = 12;
/** Somebody else's reservation must look as if it were not there. */
const A_FOREIGN_ID = 1;

export class Client {
  readonly number: number;
  done = false;
  readonly #world: World;
  readonly #book: PurchaseBook;
  readonly #life: Life;
  readonly #stream: Stream;
  #queueTicket: string | undefined;
  #keys = 0;

  constructor(world: World, book: PurchaseBook, number: number) {
    this.#world = world;
    this.#book = book;
    this.number = number;
    this.#life = { name: `client ${number}`, alive: true };
    this.#stream = streamOf(world.seed, "traits", number);
  }

  begin(): void {
    // Work that fails here is a defect of the simulation, and must not pass for a quiet run.
    void this.#live().catch((error: unknown) => {
      this.#world.judge.broken("defect", `client ${this.number}: ${(error as Error).stack}`);
    });
  }

  async #live(): Promise<void> {
    await this.#wait(0, this.#chance(0.5) ? 200 : 10_000);
    const purchases = this.#chance(0.3) ? 2 : 1;
    for (let i = 0; i < purchases; i++) {
      const pass = await this.#standInLine();
      if (pass === undefined) break;
      await this.#shop(pass);
    }
    this.done = true;
  }

  /** Joins and polls until there is a pass. Undefined: left, or the sale is over. */
  async #standInLine(): Promise<string | undefined> {
    const leavesAfter = this.#chance(0.1) ? whole(this.#stream, 1, 4) : Number.POSITIVE_INFINITY;
    const wanders = this.#chance(0.1);
    let polls = 0;
    let inLine = false;
    for (;;) {
      if (!inLine) {
        if (this.#chance(0.1)) void this.#join();
        const joined = await this.#join();
        if (joined === NOT_HEARD) await this.#wait(200, 2_000);
        else if (joined.result === "closed" && joined.because !== "notBegun") return undefined;
        else if (joined.result !== "inLine") await this.#wait(500, 2_000);
        else {
          inLine = true;
          this.#queueTicket = joined.place.queueTicket;
          await this.#patience(joined.place.pollAfterSeconds, wanders);
        }
        continue;
      }
      if (++polls > leavesAfter) {
        await this.#askQueue((rooms) => rooms.leave(this.#ref));
        return undefined;
      }
      const polled = await this.#poll();
      if (polled === NOT_HEARD) await this.#wait(200, 2_000);
      else if (polled.result === "admitted") return polled.passToken;
      else if (polled.result === "waiting") await this.#patience(polled.pollAfterSeconds, wanders);
      else inLine = false;
      // The line of a sale that is over moves no more.
      if (this.#world.time.nowMs > this.#world.setting.closesMs + 60_000) return undefined;
    }
  }

  async #shop(passToken: string): Promise<void> {
    const purchase = this.#wanted(passToken);
    if (this.#chance(0.1)) await this.#steal(purchase);
    const answer = await this.#buy(purchase);
    if (answer?.outcome === "refused" && this.#chance(0.7)) {
      // A refused purchase leaves the pass usable, for something else.
      await this.#buy({ ...this.#wanted(passToken), quantity: 1 });
    }
    if (!answer || !("reservation" in answer)) return;
    if (this.#chance(0.15)) await this.#buyOtherwise(purchase);
    if (this.#chance(0.35)) await this.#cancel(answer.reservation.id);
  }

  /** Repeats with the same key until there is an answer. */
  async #buy(purchase: Purchase): Promise<PurchaseAnswer | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const twin = this.#chance(0.15) ? this.#attempt(purchase) : undefined;
      const answer = await this.#attempt(purchase);
      await twin;
      if (
        answer !== NOT_HEARD &&
        !["unknown", "queueSilent", "overloaded"].includes(answer.outcome)
      )
        return answer;
      await this.#wait(300, 3_000);
    }
    return undefined;
  }

  /** The key that has bought something buys nothing else, and a spent pass nothing more. */
  async #buyOtherwise(purchase: Purchase): Promise<void> {
    const other = this.#chance(0.5)
      ? { ...purchase, quantity: purchase.quantity + 1 }
      : { ...purchase, idempotencyKey: this.#newKey() };
    await this.#attempt(other);
  }

  async #steal(purchase: Purchase): Promise<void> {
    const passes = [...this.#world.room.passes.values()];
    const prey = passes.find((one) => one.clientId !== String(this.number));
    if (!prey) return;
    const answer = await this.#attempt({
      ...purchase,
      idempotencyKey: this.#newKey(),
      passToken: prey.token,
    });
    if (answer !== NOT_HEARD && "reservation" in answer) {
      this.#world.judge.broken("access", `client ${this.number} bought with another's pass`);
    }
  }

  async #cancel(id: number): Promise<void> {
    await this.#wait(0, this.#chance(0.6) ? 1_000 : 10_000);
    if (this.#chance(0.3)) void this.#askToCancel(id);
    if (this.#chance(0.2)) await this.#cancelForeign();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = await this.#askToCancel(id);
      if (answer !== NOT_HEARD) return this.#book.cancelled(this.number, id, answer);
      await this.#wait(300, 3_000);
    }
  }

  async #cancelForeign(): Promise<void> {
    const row = this.#world.ticket.reservations.rows.get(A_FOREIGN_ID);
    if (!row || row.userId === this.number) return;
    const answer = await this.#askToCancel(row.id);
    if (answer !== NOT_HEARD && answer.outcome !== "notFound") {
      this.#world.judge.broken("access", `client ${this.number} cancelled another's reservation`);
    }
  }

  #askToCancel(id: number): Promise<BuyersCancellation | NotHeard> {
    this.#say(() => `cancels reservation ${id}`);
    const { network } = this.#world;
    const process = this.#someTicketProcess();
    return heard(
      network.ask(this.#life, process.life, ANSWER_MS, "cancel", () =>
        cancelForBuyer(process.parts.changes!, id, this.number),
      ),
    );
  }

  async #attempt(purchase: Purchase): Promise<PurchaseAnswer | NotHeard> {
    const process = this.#someTicketProcess();
    const { productId, quantity, idempotencyKey, passToken } = purchase;
    const what = `${quantity} of product ${productId}`;
    this.#say(() => `buys ${what} at ${process.name}, ${passToken}, key ${idempotencyKey}`);
    const answer = await heard(
      this.#world.network.ask(this.#life, process.life, ANSWER_MS, "buy", async () => {
        // Each time that it arrives is an attempt of its own.
        const attempt = this.#book.begun(purchase);
        const answered = await process.parts.desk!.buy(purchase);
        attempt.answered(answered);
        return answered;
      }),
    );
    this.#say(() => `is answered ${answer === NOT_HEARD ? "nothing" : answer.outcome} (${what})`);
    return answer;
  }

  #join(): Promise<JoinAnswer | NotHeard> {
    this.#say(() => "joins the line");
    return this.#askQueue((rooms) => rooms.join(this.#ref, this.#queueTicket));
  }

  #poll(): Promise<Polled | NotHeard> {
    return this.#askQueue((rooms) => rooms.poll(this.#ref, this.#queueTicket));
  }

  #askQueue<T>(act: (rooms: NonNullable<World["queue"]["parts"]["rooms"]>) => Promise<T>) {
    const { network, queue } = this.#world;
    return heard(
      network.ask(this.#life, queue.life, ANSWER_MS, "queue", () => act(queue.parts.rooms!)),
    );
  }

  #wanted(passToken: string): Purchase {
    const { setting } = this.#world;
    return {
      eventId: EVENT_ID,
      userId: this.number,
      productId: whole(this.#stream, 1, setting.stock.length),
      quantity: whole(this.#stream, 1, setting.maxPerUser + (this.#chance(0.1) ? 1 : 0)),
      passToken,
      idempotencyKey: this.#chance(0.9) ? this.#newKey() : undefined,
    };
  }

  #newKey(): string {
    this.#keys += 1;
    return `k${this.#keys}`;
  }

  #someTicketProcess() {
    const { tickets } = this.#world;
    return tickets[whole(this.#stream, 0, tickets.length - 1)]!;
  }

  /** As long as was advised; one that wanders is sometimes away for much longer. */
  async #patience(pollAfterSeconds: number, wanders: boolean): Promise<void> {
    if (wanders && this.#chance(0.3)) await this.#wait(10_000, 60_000);
    else await this.#wait(pollAfterSeconds * 1_000, pollAfterSeconds * 1_000 + 300);
  }

  #wait(leastMs: number, mostMs: number): Promise<void> {
    return this.#world.time.wait(this.#life, whole(this.#stream, leastMs, mostMs));
  }

  #chance(share: number): boolean {
    return unit(this.#stream) < share;
  }

  #say(what: () => string): void {
    this.#world.say(this.#life.name, what);
  }

  get #ref() {
    return { eventId: EVENT_ID, clientId: String(this.number) };
  }
}

/** Whatever went wrong on the way, the client knows only that it heard nothing. */
function heard<T>(asked: Promise<T>): Promise<T | NotHeard> {
  return asked.catch((): NotHeard => NOT_HEARD);
}
