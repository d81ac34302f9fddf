/** The counter of the shop: what its stock was last seen to be, and the board "sold out" over it. */
import type { EngineClock } from "./clock.ts";
import { type DisplayBoard, OPEN_BOARD, readBoard, type StockReading } from "./display-board.ts";
import { type RunPlan, targetOf } from "./plan.ts";
import { StockWatch } from "./stock-watch.ts";

export interface CounterListener {
  read(products: readonly StockReading[], nowMs: number): void;
  /** From now on everything is sold for good; once. */
  soldOut(nowMs: number): void;
  /** The first of a row of readings that failed; `code` says why. */
  blind(code: string, nowMs: number): void;
}

export class Counter {
  readonly #watch: StockWatch;
  readonly #listener: CounterListener;
  #stock: readonly StockReading[];
  #board: DisplayBoard = OPEN_BOARD;

  constructor(plan: RunPlan, clock: EngineClock, listener: CounterListener) {
    const { sale, adminToken } = plan;
    this.#listener = listener;
    this.#stock = sale.products.map(({ id, name, totalStock }) => {
      return { id, name, totalStock, availableStock: totalStock, held: 0, pending: undefined };
    });
    this.#watch = new StockWatch(targetOf(plan, "ticket"), adminToken, sale.eventId, clock, {
      read: (products, nowMs) => this.#read(products, nowMs),
      blind: (code, nowMs) => listener.blind(code, nowMs),
    });
  }

  /** As last read; as planned before that. */
  get stock(): readonly StockReading[] {
    return this.#stock;
  }

  /** Reads once, unless a reading is still on its way. */
  look(): void {
    this.#watch.look();
  }

  close(): Promise<void> {
    return this.#watch.close();
  }

  #read(products: readonly StockReading[], nowMs: number): void {
    this.#stock = products;
    const before = this.#board;
    this.#board = readBoard(before, products);
    this.#listener.read(products, nowMs);
    if (this.#board.soldOut && !before.soldOut) this.#listener.soldOut(nowMs);
  }
}
