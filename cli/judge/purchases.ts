/** Purchases as clients know them: several operations with one key are one purchase. */
import type { History, ProductFacts, ReserveOp } from "./history.ts";

/** A running sum of seats over time. */
export class SeatTally {
  readonly #atMs: number[] = [];
  readonly #sum: number[] = [];

  /** Calls must come in the order of time. */
  add(atMs: number, quantity: number): void {
    this.#atMs.push(atMs);
    this.#sum.push(this.total + quantity);
  }

  /** The seats added up to `atMs`, inclusive. */
  upTo(atMs: number): number {
    let low = 0;
    let high = this.#atMs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#atMs[middle] ?? Infinity) <= atMs) low = middle + 1;
      else high = middle;
    }
    return this.#sum[low - 1] ?? 0;
  }

  /** The first instant at which the sum was `quantity` or more; Infinity if never. */
  reaches(quantity: number): number {
    const index = this.#sum.findIndex((sum) => sum >= quantity);
    return index < 0 ? Infinity : (this.#atMs[index] ?? Infinity);
  }

  get total(): number {
    return this.#sum.at(-1) ?? 0;
  }
}

/** One purchase, whoever sent it: the client and its key. */
export function purchaseOf(op: ReserveOp): string {
  return `${op.client}/${op.key}`;
}

/**
 * The seats of each product that can have been sold: each purchase that was accepted or never
 * heard back, once, from the instant it was first sent. Attempts that were refused changed nothing
 * and do not count.
 */
export function highestPossibleSales(history: History): Map<number, SeatTally> {
  const attempts: ReserveOp[] = [];
  for (const op of history.ops) {
    if (op.op === "reserve" && op.outcome !== "fail") attempts.push(op);
  }
  attempts.sort((a, b) => a.invokedMs - b.invokedMs);
  const counted = new Map<string, number>();
  const sales = new Map<number, SeatTally>();
  for (const op of attempts) {
    const purchase = `${purchaseOf(op)}/${op.productId}`;
    const quantity = Math.max(0, op.quantity);
    const known = counted.get(purchase) ?? 0;
    if (quantity <= known) continue;
    counted.set(purchase, quantity);
    const product = sales.get(op.productId) ?? new SeatTally();
    product.add(op.invokedMs, quantity - known);
    sales.set(op.productId, product);
  }
  return sales;
}

/** Seats on sale when the run began, or fewer where the first look at the stock found fewer. */
export function stockAtFirst(history: History, product: ProductFacts): number {
  const line = history.stock[0]?.products.find((one) => one.id === product.id);
  return Math.min(product.totalStock, line?.availableStock ?? Infinity);
}
