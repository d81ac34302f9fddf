/** Every statement on the simulated provider's books; each stands alone, as the outside world would. */
import { z } from "zod";
import { type Database, sql } from "../common/database.ts";
import { centsFromText, textFromCents } from "../common/money.ts";
import type { ReservationRange } from "./payment-store.ts";
import type {
  ChargeRequest,
  FindAnswer,
  Period,
  RefundRequest,
  StatementEntry,
} from "./provider.ts";

const chargeRow = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("captured"), transactionId: z.string(), at: z.string() }),
  z.object({ outcome: z.literal("declined"), reason: z.string() }),
  z.object({ outcome: z.literal("voided") }),
]);
const keyedChargeRow = chargeRow.and(z.object({ key: z.string() }));
const refundRow = z.object({ refundId: z.string() });
const idRow = z.object({ id: z.int() });
const statementRow = z
  .object({
    transactionId: z.string(),
    sagaId: z.string(),
    amountCents: z.string().transform(centsFromText),
    refundedCents: z.string().transform(centsFromText),
    at: z.string(),
  })
  .transform((row) => ({ ...row, currency: SIMULATED_CURRENCY }));
const movementRow = z.object({
  type: z.enum(["charge", "refund"]),
  sagaId: z.string(),
  amountCents: z.string().transform(centsFromText),
  at: z.string(),
});

/** Money that moved. */
export type MovementLine = z.infer<typeof movementRow>;

export const SIMULATED_CURRENCY = "eur";

/** What the books say of a charge. */
export type BookedCharge = Exclude<FindAnswer, { readonly result: "pending" | "absent" }>;

export interface ChargeToBook {
  readonly request: ChargeRequest;
  readonly outcome:
    | { readonly result: "captured"; readonly transactionId: string }
    | { readonly result: "declined"; readonly reason: string };
}

/**
 * Books charges with their outcomes, except those whose keys are known. Returns what the books say
 * of each after that, in the order asked.
 */
export async function bookCharges(
  db: Database,
  charges: readonly ChargeToBook[],
): Promise<readonly BookedCharge[]> {
  // In order: one insert waits for another of the same key, and nobody must wait in a circle.
  const rows = charges.map(rowOf).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  await db.query(sql.unsafe`
    insert into provider_charge
      (key, outcome, saga_id, reservation_id, amount, transaction_id, reason)
    select * from ${sql.unnest(rows, ["text", "text", "text", "int4", "numeric", "text", "text"])}
    on conflict (key) do nothing`);
  const keys = charges.map(({ request }) => request.key);
  const booked = await db.any(sql.type(keyedChargeRow)`
    select key, outcome, transaction_id as "transactionId", reason, at
    from provider_charge where key = any(${sql.array(keys, "text")})`);
  const byKey = new Map(booked.map((row) => [row.key, toCharge(row)]));
  return keys.map((key) => existing(byKey.get(key)));
}

function rowOf({ request, outcome }: ChargeToBook) {
  return [
    request.key,
    outcome.result,
    request.sagaId,
    request.reservationId,
    textFromCents(request.amountCents),
    outcome.result === "captured" ? outcome.transactionId : null,
    outcome.result === "declined" ? outcome.reason : null,
  ] as const;
}

/** Books that the key must never be charged, unless it is known. Returns what the books say after that. */
export async function bookTombstone(db: Database, key: string): Promise<BookedCharge> {
  await db.query(sql.unsafe`
    insert into provider_charge (key, outcome) values (${key}, 'voided')
    on conflict (key) do nothing`);
  return existing(await findCharge(db, key));
}

export async function findCharge(db: Database, key: string): Promise<BookedCharge | undefined> {
  const row = await db.maybeOne(sql.type(chargeRow)`
    select outcome, transaction_id as "transactionId", reason, at
    from provider_charge where key = ${key}`);
  return row ? toCharge(row) : undefined;
}

/** Books a refund of a captured charge, once a key. Returns its id, the first one's if it is known. */
export async function bookRefund(
  db: Database,
  request: RefundRequest,
  refundId: string,
): Promise<string | undefined> {
  await db.query(sql.unsafe`
    insert into provider_refund (key, charge_key, saga_id, reservation_id, amount, refund_id)
    select ${request.key}, c.key, c.saga_id, c.reservation_id,
      ${textFromCents(request.amountCents)}::numeric, ${refundId}
    from provider_charge c where c.key = ${request.chargeKey} and c.outcome = 'captured'
    on conflict (key) do nothing`);
  const row = await db.maybeOne(sql.type(refundRow)`
    select refund_id as "refundId" from provider_refund where key = ${request.key}`);
  return row?.refundId;
}

/** Reservations with a line in the statement, in order; at most `limit`. */
export async function statementReservations(
  db: Database,
  { after, until }: ReservationRange,
  limit: number,
): Promise<readonly number[]> {
  const rows = await db.any(sql.type(idRow)`
    select distinct reservation_id as id from (
      select reservation_id from provider_charge
      where outcome = 'captured' and reservation_id > ${after} and reservation_id <= ${until}
      union all
      select reservation_id from provider_refund
      where reservation_id > ${after} and reservation_id <= ${until}
    ) lines
    order by id limit ${limit}`);
  return rows.map((row) => row.id);
}

/** Captured charges of the period after the one that ended the page before, oldest first. */
export function statementPage(
  db: Database,
  { since, until }: Period,
  after: StatementEntry | undefined,
  limit: number,
): Promise<readonly StatementEntry[]> {
  const from = after
    ? sql.fragment`(c.at, c.transaction_id) > (${after.at}::timestamptz, ${after.transactionId})`
    : sql.fragment`c.at >= ${since}::timestamptz`;
  return db.any(sql.type(statementRow)`
    select c.transaction_id as "transactionId", c.saga_id as "sagaId", c.amount as "amountCents",
      c.at, coalesce((
        select sum(r.amount) from provider_refund r where r.charge_key = c.key
      ), 0)::numeric(14, 2) as "refundedCents"
    from provider_charge c
    where c.outcome = 'captured' and ${from} and c.at < ${until}::timestamptz
    order by c.at, c.transaction_id limit ${limit}`);
}

/** Every captured charge and every refund of the reservations. */
export function movements(
  db: Database,
  { after, until }: ReservationRange,
): Promise<readonly MovementLine[]> {
  return db.any(sql.type(movementRow)`
    select type, "sagaId", "amountCents", at from (
      select 'charge' as type, saga_id as "sagaId", amount as "amountCents", at, reservation_id
      from provider_charge where outcome = 'captured'
      union all
      select 'refund', saga_id, amount, at, reservation_id from provider_refund
    ) lines
    where reservation_id > ${after} and reservation_id <= ${until}
    order by reservation_id, "sagaId", type, at`);
}

function toCharge(row: z.infer<typeof chargeRow>): BookedCharge {
  switch (row.outcome) {
    case "captured":
      return { result: "captured", transactionId: row.transactionId, at: row.at };
    case "declined":
      return { result: "declined", reason: row.reason };
    case "voided":
      return { result: "voided" };
  }
}

/** A row that was just written or was there before: rows are never deleted. */
function existing(charge: BookedCharge | undefined): BookedCharge {
  if (!charge) throw new Error("the provider's books lost a charge");
  return charge;
}
