/** The board over the counter: "sold out" once nothing is left or can come back; pure. */
import type { StockLine } from "../judge/history.ts";

/** A product's stock as the ticket service's ledger tells it. */
export interface StockReading extends StockLine {
  readonly name: string;
  /** Σ quantity of PENDING and PAYMENT_PENDING; absent where the target does not say. */
  readonly pending: number | undefined;
}

/** What the record keeps of a reading. */
export function stockLineOf(reading: StockLine): StockLine {
  const { id, totalStock, availableStock, held } = reading;
  return { id, totalStock, availableStock, held };
}

export interface DisplayBoard {
  /** How many readings in a row found everything sold for good. */
  readonly empty: number;
  /** Once said, it stands. */
  readonly soldOut: boolean;
}

export const OPEN_BOARD: DisplayBoard = { empty: 0, soldOut: false };

/** Two readings: one may fall between a cancellation and the stock that it gives back. */
const READINGS = 2;

export function readBoard(board: DisplayBoard, products: readonly StockReading[]): DisplayBoard {
  if (board.soldOut) return board;
  const nothingLeft =
    products.length > 0 &&
    products.every((product) => product.availableStock === 0 && product.pending === 0);
  const empty = nothingLeft ? board.empty + 1 : 0;
  return { empty, soldOut: empty >= READINGS };
}
