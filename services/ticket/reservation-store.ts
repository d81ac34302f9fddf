/** Reservations and the stock they hold: the statements that sell, confirm, give back and list. */
import { z } from "zod";
import { reservationStatus } from "../common/contracts/ticket.ts";
import { type Queryable, sql } from "../common/database.ts";
import { centsFromText } from "../common/money.ts";
import type { Reservation } from "./reservation.ts";

/** One request to buy. The ids are the caller's: sending it again changes nothing. */
export interface ReserveRequest {
  /** The event the pass is for. */
  readonly eventId: number;
  readonly userId: number;
  readonly productId: number;
  readonly quantity: number;
  readonly passToken: string;
  /** The buyer's own key for this purchase, if they gave one. */
  readonly idempotencyKey: string | null;
  readonly sagaId: string;
  /** Of the ReservationCreated that is written with the reservation. */
  readonly messageId: string;
  /** ISO-8601. */
  readonly occurredAt: string;
}

export const refusal = z.enum([
  "IDEMPOTENCY_CONFLICT",
  "PASS_USED",
  "NOT_FOUND",
  "WRONG_EVENT",
  "SALE_NOT_OPEN",
  "OUT_OF_STOCK",
  "PURCHASE_LIMIT",
]);
export type Refusal = z.infer<typeof refusal>;

export type ReserveVerdict =
  | {
      readonly verdict: "RESERVED" | "REPLAYED";
      readonly reservation: Reservation;
      /** The pass belongs to a reservation. If not, it must be given back to its owner. */
      readonly passSpent: boolean;
    }
  | { readonly verdict: Refusal; readonly passSpent: boolean };

/** A row of the view reservation_now. */
export const reservationRow = z
  .object({
    id: z.int(),
    saga_id: z.string(),
    user_id: z.int(),
    product_id: z.int(),
    product_name: z.string(),
    event_id: z.int(),
    quantity: z.int(),
    total_price: z.string(),
    status: reservationStatus,
    cancel_reason: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .transform(
    (row): Reservation => ({
      id: row.id,
      sagaId: row.saga_id,
      userId: row.user_id,
      productId: row.product_id,
      productName: row.product_name,
      eventId: row.event_id,
      quantity: row.quantity,
      totalCents: centsFromText(row.total_price),
      status: row.status,
      cancelReason: row.cancel_reason,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    }),
  );

/** Named one by one: a prepared statement fails when a later version of the view shows more. */
export const reservationColumns = sql.fragment`id, saga_id, user_id, product_id, product_name, event_id,
  quantity, total_price, status, cancel_reason, created_at, updated_at`;

const verdictRow = z.union([
  z
    .looseObject({ verdict: z.enum(["RESERVED", "REPLAYED"]), pass_spent: z.boolean() })
    .transform((row) => ({
      verdict: row.verdict,
      passSpent: row.pass_spent,
      reservation: reservationRow.parse(row),
    })),
  z
    .looseObject({ verdict: refusal, pass_spent: z.boolean() })
    .transform((row) => ({ verdict: row.verdict, passSpent: row.pass_spent })),
]);

/** What reserve_batch() answers; its arrays are in the order of the requests. */
const batchRow = z.object({
  verdicts: z.array(z.enum(["RESERVED", "REPLAYED", ...refusal.options])),
  spent: z.array(z.boolean()),
  ids: z.array(z.int().nullable()),
  product_name: z.string().nullable(),
  price: z.string().nullable(),
  booked_at: z.string(),
});

/**
 * Decides requests to buy one product, each by itself, in one statement and one commit: some may
 * be served and others refused. Verdicts come in the order of the requests, which must be
 * independent of each other (see takeIndependent).
 * Throws when the database does; `nothingCommitted` then tells whether anything may have happened.
 * One cause is ordinary: the key or pass of a request of several is buying another product at this
 * moment. Asked one by one, each gets its verdict.
 */
export async function reserve(
  db: Queryable,
  requests: readonly ReserveRequest[],
): Promise<readonly ReserveVerdict[]> {
  const [first] = requests;
  if (!first) return [];
  if (requests.length === 1) return [await reserveOne(db, first)];
  const { productId } = first;
  if (requests.some((one) => one.productId !== productId)) throw new Error("not one product");
  const of = (type: "int4" | "text", value: (r: ReserveRequest) => number | string | null) =>
    sql.array(requests.map(value), type);
  const batch = await db.one(sql.type(batchRow)`
    select * from reserve_batch(${productId},
      ${of("int4", (r) => r.eventId)}, ${of("int4", (r) => r.userId)},
      ${of("int4", (r) => r.quantity)}, ${of("text", (r) => r.sagaId)},
      ${of("text", (r) => r.messageId)}, ${of("text", (r) => r.occurredAt)},
      ${of("text", (r) => r.passToken)}, ${of("text", (r) => r.idempotencyKey)})`);
  const repeated = batch.ids.filter((_, at) => batch.verdicts[at] === "REPLAYED");
  const before = await findReservations(db, repeated as number[]);
  return requests.map((request, at) => verdictOf(request, batch, at, before));
}

function verdictOf(
  request: ReserveRequest,
  batch: z.infer<typeof batchRow>,
  at: number,
  before: ReadonlyMap<number, Reservation>,
): ReserveVerdict {
  const [verdict, passSpent, id] = [batch.verdicts[at]!, batch.spent[at]!, batch.ids[at]!];
  switch (verdict) {
    case "RESERVED":
      return { verdict, passSpent, reservation: reservationMade(request, batch, id) };
    case "REPLAYED":
      return { verdict, passSpent, reservation: before.get(id)! };
    default:
      return { verdict, passSpent };
  }
}

/** As it was committed: nothing of it needs to be read back. */
function reservationMade(
  { sagaId, userId, productId, eventId, quantity }: ReserveRequest,
  { product_name, price, booked_at }: z.infer<typeof batchRow>,
  id: number,
): Reservation {
  return {
    ...{ id, sagaId, userId, productId, productName: product_name!, eventId, quantity },
    totalCents: centsFromText(price!) * quantity,
    status: "PENDING",
    cancelReason: null,
    createdAt: booked_at,
    updatedAt: booked_at,
  };
}

/** Those of the ids that are reservations. */
export async function findReservations(
  db: Queryable,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Reservation>> {
  if (ids.length === 0) return new Map();
  const found = await db.any(sql.type(reservationRow)`
    select ${reservationColumns} from reservation_now where id = any(${sql.array([...ids], "int4")})`);
  return new Map(found.map((one) => [one.id, one]));
}

/** The same for one, which nobody shares a statement with. */
async function reserveOne(db: Queryable, request: ReserveRequest): Promise<ReserveVerdict> {
  const { eventId, userId, productId, quantity, sagaId, messageId, occurredAt } = request;
  const { passToken, idempotencyKey } = request;
  return db.one(sql.type(verdictRow)`
    select answer.verdict, answer.pass_spent, (answer.booked).*
    from reserve(${eventId}, ${userId}, ${productId}, ${quantity}, ${sagaId}, ${messageId},
      ${occurredAt}, ${passToken}, ${idempotencyKey}) answer`);
}

/**
 * True when an error of one statement outside a transaction proves that it changed nothing: no
 * connection was had, or the server itself reported the failure. A cut connection proves nothing.
 */
export function nothingCommitted(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.constructor.name === "ConnectionError") return true;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  if (typeof code === "string" && typeof severity === "string") {
    // 08: connection trouble. 57P: the server was told to stop, perhaps just after a commit.
    return !code.startsWith("08") && !code.startsWith("57P");
  }
  return error.cause !== undefined && nothingCommitted(error.cause);
}

/** The reservation that a buyer's key has made, or none. */
export async function findByKey(
  db: Queryable,
  userId: number,
  idempotencyKey: string,
): Promise<Reservation | null> {
  return db.maybeOne(sql.type(reservationRow)`
    select ${reservationColumns} from reservation_now where id = (
      select id from reservation
      where user_id = ${userId} and idempotency_key = ${idempotencyKey})`);
}

export async function isPassSpent(db: Queryable, passToken: string): Promise<boolean> {
  return db.exists(sql.unsafe`select from reservation where pass_token = ${passToken}`);
}

/** Newest first; `before`: with smaller ids only. */
export async function listOfUser(
  db: Queryable,
  userId: number,
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<readonly Reservation[]> {
  const older = page.before === undefined ? sql.fragment`true` : sql.fragment`id < ${page.before}`;
  return db.any(sql.type(reservationRow)`
    select ${reservationColumns} from reservation_now where user_id = ${userId} and ${older}
    order by id desc limit ${page.limit}`);
}
