/** What the naive payment service remembers of its charges. */
import { z } from "zod";
import { type Database, sql } from "../../../services/common/database.ts";

const chargeRow = z.object({ chargeKey: z.string(), cents: z.int() });

export async function rememberCharge(
  db: Database,
  orderId: string,
  chargeKey: string,
  cents: number,
): Promise<void> {
  await db.query(sql.unsafe`
    insert into naive_charge (order_id, charge_key, amount_cents)
    values (${orderId}, ${chargeKey}, ${cents})
    on conflict (order_id) do update set charge_key = excluded.charge_key`);
}

export function chargeOf(db: Database, orderId: string) {
  return db.maybeOne(sql.type(chargeRow)`
    select charge_key as "chargeKey", amount_cents as cents from naive_charge
    where order_id = ${orderId}`);
}
