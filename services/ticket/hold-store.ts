/** Holds that ran out: statements that find them by their age, release them, and count them. */
import { z } from "zod";
import { type Queryable, sql } from "../common/database.ts";
import { HOLD_EXPIRED } from "./reservation.ts";

const aheadRow = z.object({
  /** Every reservation up to this id has ended. */
  sweptId: z.int(),
  seen: z.int(),
  /** Whether all of them have ended. */
  allEnded: z.boolean(),
  due: z.array(z.object({ productId: z.int(), ids: z.array(z.int()) })),
});
const releasedRow = z.object({ released: z.int() });

/** The oldest reservations that are not known to have ended. */
export type HoldsAhead = z.infer<typeof aheadRow>;

/**
 * Looks at the next `limit` reservations: `due` are the live ones held longer than `holdSeconds`,
 * by product; `seen` is how many there were; `sweptId` where the next look may begin.
 *
 * It stops before the first that is live or not yet due. A reservation is due long after its
 * transaction must have ended, so no id below a due one can still come into sight.
 */
export async function lookAhead(
  db: Queryable,
  holdSeconds: number,
  limit: number,
): Promise<HoldsAhead> {
  return db.one(sql.type(aheadRow)`
    with ahead as materialized (
      select id, product_id, status in ('PENDING', 'PAYMENT_PENDING') as live,
        created_at <= now() - make_interval(secs => ${holdSeconds}) as due
      from reservation
      where id > (select swept_id from hold_sweep)
      order by id limit ${limit}
    )
    select
      coalesce((select min(id) - 1 from ahead where live or not due), (select max(id) from ahead),
        (select swept_id from hold_sweep)) as "sweptId",
      (select count(*)::int from ahead) as seen,
      not exists (select from ahead where live or not due) as "allEnded",
      (select coalesce(json_agg(json_build_object('productId', product_id, 'ids', ids)
          order by product_id), '[]')
        from (select product_id, array_agg(id order by id) as ids
          from ahead where live and due group by product_id) by_product) as due`);
}

/** Looks of several processes cross: the furthest counts, because an end is for good. */
export async function markSwept(db: Queryable, sweptId: number): Promise<void> {
  await db.query(sql.unsafe`
    update hold_sweep set swept_id = ${sweptId} where swept_id < ${sweptId}`);
}

export interface Release {
  readonly productId: number;
  readonly ids: readonly number[];
  readonly holdSeconds: number;
  /** ISO-8601, of the messages that tell of it. */
  readonly occurredAt: string;
}

/** One transaction; release_holds explains it. @returns how many were still held, and are not now. */
export async function releaseHolds(db: Queryable, release: Release): Promise<number> {
  const { productId, ids, holdSeconds, occurredAt } = release;
  const row = await db.one(sql.type(releasedRow)`
    select release_holds(${productId}, ${sql.array([...ids], "int4")}, ${holdSeconds},
      ${HOLD_EXPIRED}, ${occurredAt}) as released`);
  return row.released;
}
