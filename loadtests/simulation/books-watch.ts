/** Watches the databases and the provider's books: at every commit, and when a run has come to rest. */
import { hasEnded } from "../../services/saga/booking-saga.ts";
import type { PaymentModel } from "./payment-model.ts";
import type { ProviderModel } from "./provider-model.ts";
import type { SagaModel, SagaRow } from "./saga-model.ts";
import type { Tx } from "./tables.ts";
import type { ReservationRow, TicketModel } from "./ticket-model.ts";
import type { Judge } from "./verdict.ts";

export interface Books {
  readonly ticket: TicketModel;
  readonly saga: SagaModel;
  readonly payment: PaymentModel;
  readonly provider: ProviderModel;
}

/** Both coordinators may be dead for a while, and a database slow. */
const OVERDUE_MS = 40_000;

interface Money {
  captures: number;
  capturedCents: number;
  refunds: number;
  refundedCents: number;
}

export class BooksWatch {
  readonly #books: Books;
  readonly #judge: Judge;
  /** Messages whose handling was committed. */
  readonly #handled = new Set<string>();
  /** When a pass was bought with. */
  readonly boughtAtMs = new Map<string | number, number>();
  /** Sagas that began, those among them that began with a cancellation. */
  readonly #sagas = new Set<string>();
  readonly #stillborn = new Set<string>();

  constructor(books: Books, judge: Judge) {
    this.#books = books;
    this.#judge = judge;
    const { ticket, saga, payment, provider } = books;
    ticket.database.onCommit = (tx) => {
      this.#once(tx, ticket.messages.inbox);
      for (const token of tx.writes.get(ticket.byPass)?.keys() ?? []) {
        this.boughtAtMs.set(token, ticket.database.time.nowMs);
      }
      if (tx.writes.has(ticket.products) || tx.writes.has(ticket.reservations)) this.#stock();
    };
    saga.database.onCommit = (tx) => {
      this.#once(tx, saga.messages.inbox);
      for (const id of tx.writes.get(saga.sagas)?.keys() ?? []) this.#begun(String(id));
    };
    payment.database.onCommit = (tx) => this.#once(tx, payment.messages.inbox);
    provider.onBooked = (sagaId) => this.#moved(sagaId);
  }

  /** A message has its effects once, however often it is delivered. */
  #once(tx: Tx, inbox: unknown): void {
    const { handles, writes } = tx;
    if (handles.length === 0) return;
    const effects = [...writes.keys()].filter((table) => table !== inbox).length;
    if (effects > 0 && handles.every((id) => this.#handled.has(id))) {
      this.#judge.broken("inbox", `${handles.join(", ")} was handled twice`);
    }
    for (const id of handles) this.#handled.add(id);
  }

  #begun(sagaId: string): void {
    if (this.#sagas.has(sagaId)) return;
    this.#sagas.add(sagaId);
    const at = this.#books.saga.sagas.rows.get(sagaId)?.state.at;
    if (at !== "charging") this.#stillborn.add(sagaId);
  }

  /** A deadline is a promise as well, whoever is silent. */
  overdue(): string | undefined {
    const { sagas, database } = this.#books.saga;
    for (const id of sagas.open) {
      const { deadlineAtMs, state } = sagas.rows.get(id)!;
      if (database.time.epochMs - deadlineAtMs! > OVERDUE_MS) {
        return `${id} is ${state.at}, and nobody has acted on its deadline`;
      }
    }
    return undefined;
  }

  #stock(): void {
    const { products, reservations } = this.#books.ticket;
    const held = new Map<number, number>();
    const ofUser = new Map<string, number>();
    for (const row of reservations.rows.values()) {
      if (row.status === "CANCELLED") continue;
      held.set(row.productId, (held.get(row.productId) ?? 0) + row.quantity);
      const whose = `product ${row.productId}, client ${row.userId}`;
      const sum = (ofUser.get(whose) ?? 0) + row.quantity;
      ofUser.set(whose, sum);
      const most = products.rows.get(row.productId)!.maxPerUser;
      if (sum > most) this.#judge.broken("limit", `${whose}: ${sum} of at most ${most}`);
    }
    for (const { id, totalStock, availableStock } of products.rows.values()) {
      const taken = held.get(id) ?? 0;
      if (availableStock < 0 || availableStock + taken !== totalStock) {
        const sum = `${availableStock} available + ${taken} held, ${totalStock} in all`;
        this.#judge.broken("stock", `product ${id}: ${sum}`);
      }
    }
  }

  /** At every move of money. */
  #moved(sagaId: string): void {
    const money = this.#moneyOf(sagaId);
    if (money.captures > 1) this.#judge.broken("one capture", `${sagaId} was charged twice`);
    if (money.captures > 0 && this.#stillborn.has(sagaId)) {
      this.#judge.broken("money", `${sagaId} was cancelled before it began, and is charged`);
    }
    if (money.refundedCents > money.capturedCents) {
      this.#judge.broken("money", `${sagaId} got back more than it paid`);
    }
  }

  #moneyOf(sagaId: string): Money {
    const money: Money = { captures: 0, capturedCents: 0, refunds: 0, refundedCents: 0 };
    for (const charge of this.#books.provider.charges.values()) {
      if (charge.sagaId !== sagaId || charge.outcome !== "captured") continue;
      money.captures += 1;
      money.capturedCents += charge.amountCents;
    }
    for (const refund of this.#books.provider.refunds.values()) {
      if (refund.sagaId !== sagaId) continue;
      money.refunds += 1;
      money.refundedCents += refund.amountCents;
    }
    return money;
  }

  /** What is not settled yet, in words; undefined: everything is. */
  unsettled(): string | undefined {
    const { ticket, saga, payment, provider } = this.#books;
    for (const [service, { messages }] of Object.entries({ ticket, saga, payment })) {
      const [stuck] = messages.outbox.open;
      if (stuck !== undefined) {
        const { type, sagaId } = messages.outbox.rows.get(stuck)!.message;
        return `${type} of ${sagaId} is still in the outbox of ${service}`;
      }
    }
    const [open] = saga.sagas.open;
    if (open !== undefined) return `${open} is ${saga.sagas.rows.get(open)!.state.at}`;
    const [due] = payment.payments.open;
    if (due !== undefined) return `${due} is ${payment.payments.rows.get(due)!.status}`;
    for (const charge of provider.charges.values()) {
      if (charge.outcome === "pending") return `${charge.key} is pending at the provider`;
    }
    for (const { id, sagaId } of ticket.reservations.rows.values()) {
      if (!saga.sagas.rows.has(sagaId)) return `reservation ${id} has no saga`;
    }
    return undefined;
  }

  /** Once everything is settled. */
  atRest(): void {
    const { ticket, saga } = this.#books;
    for (const reservation of ticket.reservations.rows.values()) {
      this.#pair(reservation, saga.sagas.rows.get(reservation.sagaId));
    }
    this.#stock();
  }

  #pair(reservation: ReservationRow, saga: SagaRow | undefined): void {
    const { id, sagaId, status, totalCents } = reservation;
    const money = this.#moneyOf(sagaId);
    const net = money.capturedCents - money.refundedCents;
    const at = saga?.state.at;
    const told = `reservation ${id} is ${status}, its saga ${at}, ${net} of ${totalCents} cents paid`;
    const confirmed = status === "CONFIRMED";
    const seatsEnded = confirmed || status === "CANCELLED";
    if (at === undefined || !hasEnded(at) || !seatsEnded) this.#judge.broken("ends", told);
    else if (confirmed !== (at === "completed")) this.#judge.broken("money", told);
    else if (net !== (confirmed ? totalCents : 0)) this.#judge.broken("money", told);
    else if (money.captures > 1) this.#judge.broken("one capture", told);
    const payment = this.#paymentOf(sagaId);
    const expected = money.captures === 0 ? "FAILED" : confirmed ? "COMPLETED" : "REFUNDED";
    if (payment !== undefined && payment !== expected) {
      this.#judge.broken("money", `${told}, its payment ${payment}`);
    }
  }

  #paymentOf(sagaId: string): string | undefined {
    const { payments, bySaga } = this.#books.payment;
    const id = bySaga.rows.get(sagaId);
    return id === undefined ? undefined : payments.rows.get(id)?.status;
  }
}
