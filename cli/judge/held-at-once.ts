/**
 * Oversold for a while: more seats held at one instant than there are, whatever the shop's own
 * sums say of it and whatever was given back later.
 */
import type { History, Ledger, ReserveOp } from "./history.ts";
import type { Witness } from "./verdict.ts";
import { seconds } from "./words.ts";

/** From the answer that sold it to the sending of the last look that found it still held. */
interface Held {
  readonly sale: ReserveOp;
  readonly reservationId: number;
  toMs: number;
}

/** At most one witness a product: its worst instant. */
export function heldAtOnce(history: History, ledger: Ledger | undefined): Witness[] {
  const byProduct = Map.groupBy(heldOf(history, ledger), ({ sale }) => sale.productId);
  const found: Witness[] = [];
  for (const { id, totalStock } of history.run.sale.products) {
    const most = highestTotal(history, ledger, id, totalStock);
    const worst = worstInstant(byProduct.get(id) ?? []);
    if (worst.seats <= most) continue;
    const words =
      `product ${id} was oversold at ${seconds(worst.atMs)} s: ` +
      `${worst.seats} seats were held at once, of ${most}`;
    found.push({ words, ops: worst.last ? [worst.last.id] : [] });
  }
  return found;
}

function heldOf(history: History, ledger: Ledger | undefined): Held[] {
  const held = new Map<number, Held>();
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.outcome !== "ok" || op.reservationId === undefined) continue;
    // A repeated purchase is answered with the first answer: what it says may be over by then.
    const known = held.get(op.reservationId);
    if (known && known.sale.endedMs <= op.endedMs) continue;
    const { reservationId } = op;
    held.set(reservationId, { sale: op, reservationId, toMs: -Infinity });
  }
  for (const op of history.ops) {
    if (op.op !== "follow" || op.outcome !== "ok" || op.reservationStatus === undefined) continue;
    const one = held.get(op.reservationId);
    if (one && op.reservationStatus !== "CANCELLED") one.toMs = Math.max(one.toMs, op.invokedMs);
  }
  for (const { id, status } of ledger?.reservations ?? []) {
    const one = held.get(id);
    if (one && status !== "CANCELLED") one.toMs = Infinity;
  }
  return [...held.values()].filter(({ sale, toMs }) => toMs > sale.endedMs && sale.quantity > 0);
}

/** An operator may have put more on sale: the highest total that the shop has shown counts. */
function highestTotal(
  history: History,
  ledger: Ledger | undefined,
  id: number,
  atFirst: number,
): number {
  let most = atFirst;
  for (const { products } of [...history.stock, { products: ledger?.products ?? [] }]) {
    for (const line of products) if (line.id === id) most = Math.max(most, line.totalStock);
  }
  return most;
}

function worstInstant(held: readonly Held[]) {
  const starts = held.toSorted((a, b) => a.sale.endedMs - b.sale.endedMs);
  const ends = held.toSorted((a, b) => a.toMs - b.toMs);
  let worst: { seats: number; atMs: number; last?: ReserveOp } = { seats: 0, atMs: 0 };
  let seats = 0;
  let over = 0;
  for (const { sale } of starts) {
    for (let end = ends[over]; end && end.toMs <= sale.endedMs; end = ends[over]) {
      seats -= end.sale.quantity;
      over++;
    }
    seats += sale.quantity;
    if (seats > worst.seats) worst = { seats, atMs: sale.endedMs, last: sale };
  }
  return worst;
}
