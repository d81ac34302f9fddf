/** The books for an administrator: our payments and the provider's statement, a page of reservations at a time. */
import type { PaymentLedger } from "../common/contracts/payment.ts";
import type { Database } from "../common/database.ts";
import { numberFromCents } from "../common/money.ts";
import { paidReservations } from "./payment-ledger-store.ts";
import { paymentsByReservation } from "./payment-store.ts";
import type { SimulatedProvider } from "./simulated-provider.ts";

export interface LedgerQuery {
  /** Reservations above this one … */
  readonly afterReservation: number;
  /** … up to and with this one … */
  readonly untilReservation: number;
  /** … and at most so many of them: all rows of one reservation stand on one page. */
  readonly limit: number;
}

/** `nextAfter`: where the next page begins; null at the end. */
export async function ledgerPage(
  database: Database,
  provider: SimulatedProvider,
  query: LedgerQuery,
): Promise<PaymentLedger> {
  const range = { after: query.afterReservation, until: query.untilReservation };
  // One more than fits tells whether there is a next page.
  const ours = await paidReservations(database, range, query.limit + 1);
  const theirs = await provider.statementReservations(range, query.limit + 1);
  const { last, more } = pageEnd(ours, theirs, query.limit);
  if (last === undefined) {
    return { payments: [], provider: [], nextAfter: more ? range.after : null };
  }
  const page = { after: range.after, until: last };
  // Ours first: an outcome that we know is then in the provider's statement too.
  const payments = await paymentsByReservation(database, page);
  const lines = await provider.movements(page);
  return {
    payments: payments.map(({ id, sagaId, reservationId, amountCents, status }) => ({
      id,
      sagaId,
      reservationId,
      amount: numberFromCents(amountCents),
      status,
    })),
    provider: lines.map(({ type, sagaId, amountCents, at }) => ({
      type,
      sagaId,
      amount: numberFromCents(amountCents),
      at,
    })),
    nextAfter: more ? last : null,
  };
}

/** The last reservation of a page of `limit` out of two sorted lists, and whether any come after it. */
export function pageEnd(
  ours: readonly number[],
  theirs: readonly number[],
  limit: number,
): { readonly last: number | undefined; readonly more: boolean } {
  const all = [...new Set([...ours, ...theirs])].sort((a, b) => a - b);
  return { last: all.slice(0, limit).at(-1), more: all.length > limit };
}
