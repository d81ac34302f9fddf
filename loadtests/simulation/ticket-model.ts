/**
 * The ticket database in memory: `reserve` and the statements of reservation-store.ts, over
 * `tables.ts`. What `reserve` decides is held to the SQL by reserve-model.int.test.ts.
 */
import { instant } from "../../services/common/clock.ts";
import type { Message } from "../../services/common/contracts/messages.ts";
import type { Reservation } from "../../services/ticket/reservation.ts";
import type {
  ChangeBooks,
  ChangeTransaction,
  SaleBooks,
} from "../../services/ticket/reservation-books.ts";
import type { Cancellation, Which } from "../../services/ticket/reservation-change-store.ts";
import type {
  Refusal,
  ReserveRequest,
  ReserveVerdict,
} from "../../services/ticket/reservation-store.ts";
import { MessageTables } from "./message-tables.ts";
import { type SimulatedDatabase, StatementFailed, Table, type Tx } from "./tables.ts";
import type { Life } from "./virtual-time.ts";

export interface ProductRow {
  readonly id: number;
  readonly eventId: number;
  readonly name: string;
  readonly priceCents: number;
  readonly totalStock: number;
  readonly availableStock: number;
  readonly maxPerUser: number;
  /** ms since 1970 */
  readonly opensAtMs: number;
  readonly closesAtMs: number;
}

export interface ReservationRow extends Reservation {
  readonly passToken: string;
  readonly idempotencyKey: string | null;
}

export class TicketModel {
  readonly database: SimulatedDatabase;
  readonly messages: MessageTables;
  readonly products = new Table<ProductRow>("product");
  readonly reservations = new Table<ReservationRow>("reservation");
  /** Unique keys, to the id of their reservation. */
  readonly bySaga = new Table<number>("saga");
  readonly byPass = new Table<number>("pass");
  readonly byKey = new Table<number>("key");
  #lastId = 0;

  constructor(database: SimulatedDatabase) {
    this.database = database;
    this.messages = new MessageTables(database);
  }

  saleBooks(life: Life): SaleBooks {
    return {
      reserve: (requests) => this.database.transaction(life, (tx) => this.reserve(tx, requests)),
      findByKey: (userId, key) =>
        this.database.transaction(life, async (tx) => {
          await tx.statement();
          const id = tx.read(this.byKey, keyOf(userId, key));
          return (id === undefined ? undefined : tx.read(this.reservations, id)) ?? null;
        }),
    };
  }

  changeBooks(life: Life): ChangeBooks {
    return {
      transaction: (work) =>
        this.database.transaction(life, (tx) => work(this.changeTransaction(tx))),
    };
  }

  changeTransaction(tx: Tx): ChangeTransaction {
    return {
      firstTimes: (messageIds) => this.messages.firstTimes(tx, messageIds),
      putMessages: (messages) => this.messages.putMessages(tx, messages),
      lockReservations: (which) => this.#lockReservations(tx, which),
      markConfirmed: (ids) => this.#markConfirmed(tx, ids),
      markCancelled: (cancellations) => this.#markCancelled(tx, cancellations),
    };
  }

  async isPassSpent(life: Life, passToken: string): Promise<boolean> {
    return this.database.transaction(life, async (tx) => {
      await tx.statement();
      return tx.read(this.byPass, passToken) !== undefined;
    });
  }

  /** The same verdicts as reserve() and reserve_batch(). `held`: counted for the limit, if others. */
  async reserve(
    tx: Tx,
    requests: readonly ReserveRequest[],
    held: Iterable<ReservationRow> | undefined = undefined,
  ): Promise<ReserveVerdict[]> {
    await tx.statement();
    const { productId } = requests[0]!;
    if (this.products.rows.has(productId)) await tx.lock(this.products, productId);
    const verdicts: ReserveVerdict[] = [];
    for (const request of requests) {
      const verdict = await this.#decide(tx, request, held, requests.length === 1 ? 3 : 1);
      // Their key or pass buys another product at this moment: all of them are asked one by one.
      if (!verdict) throw new StatementFailed("23505", "duplicate key value in a batch");
      verdicts.push(verdict);
    }
    return verdicts;
  }

  /** Undefined: in so many rounds there was no verdict. */
  async #decide(
    tx: Tx,
    request: ReserveRequest,
    others: Iterable<ReservationRow> | undefined,
    rounds: number,
  ): Promise<ReserveVerdict | undefined> {
    for (let round = 0; round < rounds; round++) {
      const passSpent = tx.read(this.byPass, request.passToken) !== undefined;
      const before = this.#repetition(tx, request, passSpent);
      if (before) return before;
      const refusal = this.#refusalOf(tx, request, others ?? this.reservations.rows.values());
      if (refusal) return { verdict: refusal, passSpent };
      const reservation = await this.#insert(tx, request);
      if (reservation) return { verdict: "RESERVED", passSpent: true, reservation };
      // The same key or pass bought another product at this moment: it is visible now.
    }
    return undefined;
  }

  #repetition(tx: Tx, request: ReserveRequest, passSpent: boolean): ReserveVerdict | undefined {
    const { userId, idempotencyKey, eventId, productId, quantity, sagaId } = request;
    const keyed =
      idempotencyKey === null ? undefined : tx.read(this.byKey, keyOf(userId, idempotencyKey));
    const booked = keyed === undefined ? undefined : tx.read(this.reservations, keyed);
    if (booked) {
      const same =
        booked.eventId === eventId &&
        booked.productId === productId &&
        booked.quantity === quantity;
      return same
        ? { verdict: "REPLAYED", passSpent, reservation: booked }
        : { verdict: "IDEMPOTENCY_CONFLICT", passSpent };
    }
    if (!passSpent) return undefined;
    const own = tx.read(this.bySaga, sagaId);
    const reservation = own === undefined ? undefined : tx.read(this.reservations, own);
    return reservation
      ? { verdict: "REPLAYED", passSpent, reservation }
      : { verdict: "PASS_USED", passSpent };
  }

  #refusalOf(
    tx: Tx,
    { eventId, productId, userId, quantity }: ReserveRequest,
    others: Iterable<ReservationRow>,
  ): Refusal | undefined {
    const seen = tx.read(this.products, productId);
    if (!seen) return "NOT_FOUND";
    if (seen.eventId !== eventId) return "WRONG_EVENT";
    if (tx.beganAtMs < seen.opensAtMs || tx.beganAtMs >= seen.closesAtMs) return "SALE_NOT_OPEN";
    if (seen.availableStock < quantity) return "OUT_OF_STOCK";
    let held = 0;
    for (const row of others) {
      const theirs = row.productId === productId && row.userId === userId;
      if (theirs && row.status !== "CANCELLED") held += row.quantity;
    }
    return quantity > seen.maxPerUser - held ? "PURCHASE_LIMIT" : undefined;
  }

  async #insert(tx: Tx, request: ReserveRequest): Promise<ReservationRow | undefined> {
    const { sagaId, passToken, idempotencyKey, userId } = request;
    const unique: [Table<number>, string][] = [
      [this.bySaga, sagaId],
      [this.byPass, passToken],
    ];
    if (idempotencyKey !== null) unique.push([this.byKey, keyOf(userId, idempotencyKey)]);
    for (const [table, key] of unique) {
      await tx.lock(table, key);
      if (tx.read(table, key) !== undefined) return undefined;
    }
    const seen = tx.read(this.products, request.productId)!;
    this.#lastId += 1;
    const row: ReservationRow = {
      ...{ id: this.#lastId, sagaId, userId, productId: seen.id, productName: seen.name },
      ...{ eventId: seen.eventId, quantity: request.quantity, status: "PENDING" },
      totalCents: seen.priceCents * request.quantity,
      ...{ cancelReason: null, createdAt: instant(tx.beganAtMs), updatedAt: instant(tx.beganAtMs) },
      ...{ passToken, idempotencyKey },
    };
    await tx.lock(this.reservations, row.id);
    tx.write(this.reservations, row.id, row);
    for (const [table, key] of unique) tx.write(table, key, row.id);
    const availableStock = seen.availableStock - request.quantity;
    tx.write(this.products, seen.id, { ...seen, availableStock });
    await this.messages.putMessages(tx, [createdMessage(request, row)]);
    return row;
  }

  /** The ids of those that exist, in order. */
  idsOf(which: Which): number[] {
    const ids = "ids" in which ? which.ids : which.sagaIds.map((id) => this.bySaga.rows.get(id));
    return ids
      .filter((id) => id !== undefined && this.reservations.rows.has(id))
      .sort() as number[];
  }

  async #lockReservations(tx: Tx, which: Which): Promise<readonly ReservationRow[]> {
    await tx.statement();
    const locked: ReservationRow[] = [];
    for (const id of this.idsOf(which)) {
      await tx.lock(this.reservations, id);
      locked.push(tx.read(this.reservations, id)!);
    }
    return locked;
  }

  async #markConfirmed(tx: Tx, ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    await tx.statement();
    for (const id of ids) {
      await tx.lock(this.reservations, id);
      const row = tx.read(this.reservations, id);
      if (row?.status !== "PENDING" && row?.status !== "PAYMENT_PENDING") continue;
      const updatedAt = instant(tx.beganAtMs);
      tx.write(this.reservations, id, { ...row, status: "CONFIRMED", updatedAt });
    }
  }

  /** Reservations first, then products in the order of their ids. */
  async #markCancelled(tx: Tx, cancellations: readonly Cancellation[]): Promise<void> {
    if (cancellations.length === 0) return;
    await tx.statement();
    const back = new Map<number, number>();
    for (const { id, reason: cancelReason } of cancellations) {
      await tx.lock(this.reservations, id);
      const row = tx.read(this.reservations, id);
      if (!row || row.status === "CANCELLED") continue;
      const updatedAt = instant(tx.beganAtMs);
      tx.write(this.reservations, id, { ...row, status: "CANCELLED", cancelReason, updatedAt });
      back.set(row.productId, (back.get(row.productId) ?? 0) + row.quantity);
    }
    for (const [id, pieces] of [...back].sort(([a], [b]) => a - b)) {
      await tx.lock(this.products, id);
      const product = tx.read(this.products, id)!;
      const availableStock = product.availableStock + pieces;
      tx.write(this.products, id, { ...product, availableStock });
    }
  }

  async markPaymentPending(tx: Tx, sagaIds: readonly string[]): Promise<void> {
    if (sagaIds.length === 0) return;
    await tx.statement();
    for (const sagaId of sagaIds) {
      const id = tx.read(this.bySaga, sagaId)!;
      await tx.lock(this.reservations, id);
      const row = tx.read(this.reservations, id)!;
      if (row.status !== "PENDING") continue;
      tx.write(this.reservations, id, { ...row, status: "PAYMENT_PENDING" });
    }
  }
}

const keyOf = (userId: number, key: string): string => `${userId} ${key}`;

function createdMessage(request: ReserveRequest, row: ReservationRow): Message {
  const { messageId, sagaId, occurredAt } = request;
  const data = { reservationId: row.id, userId: row.userId, amountCents: row.totalCents };
  return { messageId, sagaId, type: "ReservationCreated", occurredAt, data };
}
