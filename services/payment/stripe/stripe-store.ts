/** Which PaymentIntent a charge is, and which events had their effect: every statement on it. */
import { z } from "zod";
import { type Queryable, sql, type Transaction } from "../../common/database.ts";

const chargeRow = z.object({
  intentId: z.string().nullable(),
  refusedBecause: z.string().nullable(),
});
/** Without an intent: none of this key is ever confirmed; `refusedBecause` where Stripe said why. */
export type StripeCharge = z.infer<typeof chargeRow>;

const keyRow = z.object({ key: z.string() });

export async function chargeOf(db: Queryable, key: string): Promise<StripeCharge | undefined> {
  const row = await db.maybeOne(sql.type(chargeRow)`
    select intent_id as "intentId", refused_because as "refusedBecause"
    from stripe_charge where key = ${key}`);
  return row ?? undefined;
}

/** Makes the intent the key's only one, unless it has one or must have none. Returns what holds. */
export function bookIntent(db: Queryable, key: string, intentId: string): Promise<StripeCharge> {
  return book(db, key, intentId, null);
}

/** Makes sure that the key never has an intent, unless it has one. Returns what holds. */
export function bookRefusal(
  db: Queryable,
  key: string,
  because: string | null,
): Promise<StripeCharge> {
  return book(db, key, null, because);
}

async function book(
  db: Queryable,
  key: string,
  intentId: string | null,
  because: string | null,
): Promise<StripeCharge> {
  await db.query(sql.unsafe`
    insert into stripe_charge (key, intent_id, refused_because)
    values (${key}, ${intentId}, ${because})
    on conflict (key) do nothing`);
  const booked = await chargeOf(db, key);
  // Rows are never deleted.
  if (!booked) throw new Error(`the charge ${key} vanished`);
  return booked;
}

/** The key of the charge that the intent is. */
export async function keyOfIntent(db: Queryable, intentId: string): Promise<string | undefined> {
  const row = await db.maybeOne(sql.type(keyRow)`
    select key from stripe_charge where intent_id = ${intentId}`);
  return row?.key;
}

/**
 * Marks the event. Returns false when it was marked before. Marks older than any repetition go:
 * Stripe sends an event again for three days.
 */
export async function firstSight(tx: Transaction, eventId: string): Promise<boolean> {
  const result = await tx.query(sql.unsafe`
    with old as (
      delete from stripe_event where id in (
        select id from stripe_event where received_at < now() - interval '30 days'
        order by received_at limit 10 for update skip locked
      )
    )
    insert into stripe_event (id) values (${eventId}) on conflict (id) do nothing`);
  return result.rowCount === 1;
}
