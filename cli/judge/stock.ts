/** Judges the stock: never oversold, never undersold, nothing lost and nothing leaked. */
import { heldAtOnce } from "./held-at-once.ts";
import type {
  History,
  Ledger,
  LedgerReservation,
  ReserveOp,
  ShownStock,
  StockLine,
} from "./history.ts";
import { highestPossibleSales, purchaseOf, SeatTally, stockAtFirst } from "./purchases.ts";
import type { Verdict, Witness } from "./verdict.ts";
import { broken, unknown, valid } from "./verdict.ts";
import { count, seconds } from "./words.ts";

/**
 * Every look at the stock must add up by itself; the books must hold each sale that a client was
 * promised, and no more seats than were asked for. Assumes that the sale is the run's own: its
 * reservations stem from the recorded clients (a stock not whole at the first look is respected).
 */
export function judgeStock(history: History, ledger: Ledger | undefined): Verdict {
  const sales = acceptedSales(history);
  const witnesses: Witness[] = [];
  for (const sample of history.stock) {
    const at = `at ${seconds(sample.atMs)} s`;
    for (const line of sample.products) witnesses.push(...unbalanced(line, at));
  }
  const shown = history.shown ?? [];
  for (const look of shown) witnesses.push(...shownWrongly(history, look));
  witnesses.push(...badQuantities(history, ledger), ...falselySoldOut(history));
  witnesses.push(...heldAtOnce(history, ledger));
  if (ledger) {
    for (const line of ledger.products) witnesses.push(...unbalanced(line, "in the books"));
    witnesses.push(...notAsHeld(ledger), ...lostSales(sales, ledger), ...ghosts(history, ledger));
    witnesses.push(...lostFromSight(history, ledger));
  }

  const looks = [...history.stock, ...shown].reduce((sum, one) => sum + one.products.length, 0);
  const booked = ledger?.reservations.length ?? 0;
  const checked = looks + (ledger?.products.length ?? 0) + booked;
  const said =
    `${count(looks, "look")} at the stock, ${count(sales.length, "accepted purchase")}, ` +
    `${count(booked, "reservation")} in the books`;
  if (witnesses.length > 0) {
    return broken("stock", `${witnesses[0]?.words} (${said})`, checked, witnesses);
  }
  if (sales.length === 0 && booked === 0) {
    return unknown("stock", "nothing was sold", checked);
  }
  if (!ledger) return unknown("stock", `no ledger to hold against ${said}`, checked);
  const doubt = unlikeTheSale(history, ledger);
  if (doubt !== undefined) return unknown("stock", `${doubt} (${said})`, checked);
  return valid("stock", `${said}: all seats accounted for`, checked);
}

/** One accepted answer for each purchase and reservation. */
function acceptedSales(history: History): ReserveOp[] {
  const sales = new Map<string, ReserveOp>();
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.outcome !== "ok") continue;
    const sale = `${purchaseOf(op)}/${op.reservationId ?? ""}`;
    if (!sales.has(sale)) sales.set(sale, op);
  }
  return [...sales.values()];
}

function unbalanced(line: StockLine, when: string): Witness[] {
  const name = `product ${line.id}`;
  const { totalStock, availableStock, held } = line;
  if (availableStock < 0 || held > totalStock) {
    const sums = `${held} held and ${availableStock} available of ${totalStock}`;
    return [{ words: `${name} was oversold ${when}: ${sums}`, ops: [] }];
  }
  const lost = totalStock - availableStock - held;
  if (lost === 0) return [];
  const what = lost > 0 ? `${count(lost, "seat")} lost` : `${count(-lost, "seat")} too many`;
  const sums = `${availableStock} available + ${held} held, ${totalStock} in total`;
  return [{ words: `${name} does not add up ${when}: ${sums} (${what})`, ops: [] }];
}

/**
 * What a target shows may be a little old, so it is held against nothing that was sold meanwhile;
 * but there never was less than nothing to show, nor more than there was when the run began.
 */
function shownWrongly({ run }: History, { atMs, products }: ShownStock): Witness[] {
  const found: Witness[] = [];
  for (const { id, availableStock } of products) {
    const totalStock = run.sale.products.find((one) => one.id === id)?.totalStock ?? Infinity;
    const shown = `product ${id} was shown at ${seconds(atMs)} s with ${availableStock} available`;
    if (availableStock < 0) found.push({ words: `${shown}: oversold`, ops: [] });
    else if (availableStock > totalStock) {
      const seats = `${count(availableStock - totalStock, "seat")} too many`;
      found.push({ words: `${shown} of ${totalStock}: ${seats}`, ops: [] });
    }
  }
  return found;
}

function isLive(reservation: LedgerReservation): boolean {
  return reservation.status !== "CANCELLED";
}

function liveSeats(ledger: Ledger): Map<number, number> {
  const live = new Map<number, number>();
  for (const one of ledger.reservations) {
    if (isLive(one)) live.set(one.productId, (live.get(one.productId) ?? 0) + one.quantity);
  }
  return live;
}

/** Live reservations against the stock line; only books read at rest are one snapshot. */
function notAsHeld(ledger: Ledger): Witness[] {
  const live = liveSeats(ledger);
  const found: Witness[] = [];
  for (const line of ledger.products) {
    const seats = live.get(line.id) ?? 0;
    if (seats > line.totalStock) {
      const sums = `${seats} seats reserved of ${line.totalStock}`;
      const words = `product ${line.id} was oversold: ${sums}`;
      found.push({ words, ops: [] });
    } else if (ledger.settled && seats !== line.held) {
      const words = `product ${line.id} holds ${line.held} seats for reservations of ${seats}`;
      found.push({ words, ops: [] });
    }
  }
  return found;
}

function badQuantities(history: History, ledger: Ledger | undefined): Witness[] {
  const bad = (quantity: number) => !Number.isSafeInteger(quantity) || quantity < 1;
  const found: Witness[] = [];
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.outcome !== "ok" || !bad(op.quantity)) continue;
    found.push({ words: `client ${op.client} was sold ${op.quantity} seats`, ops: [op.id] });
  }
  for (const one of ledger?.reservations ?? []) {
    if (!bad(one.quantity)) continue;
    found.push({ words: `reservation ${one.id} is for ${one.quantity} seats`, ops: [] });
  }
  return found;
}

/** Sales that clients were promised and that the books do not know, or know otherwise. */
function lostSales(sales: readonly ReserveOp[], ledger: Ledger): Witness[] {
  const books = new Map(ledger.reservations.map((one) => [one.id, one]));
  const owners = new Map<number, ReserveOp>();
  const found: Witness[] = [];
  for (const op of sales) {
    if (op.reservationId === undefined) continue;
    const booked = books.get(op.reservationId);
    const promised = `client ${op.client} was promised reservation ${op.reservationId}`;
    const owner = owners.get(op.reservationId);
    if (owner && purchaseOf(owner) !== purchaseOf(op)) {
      const words = `${promised}, which client ${owner.client} had for another purchase: sale lost`;
      found.push({ words, ops: [owner.id, op.id] });
    } else if (!booked) {
      found.push({ words: `${promised}, which the books do not know: sale lost`, ops: [op.id] });
    } else if (booked.quantity !== op.quantity || booked.productId !== op.productId) {
      const asked = `${op.quantity} of product ${op.productId}`;
      const words = `${promised} for ${asked}, booked ${booked.quantity} of ${booked.productId}`;
      found.push({ words, ops: [op.id] });
    }
    owners.set(op.reservationId, op);
  }
  return found;
}

/** Reservations that a client has looked at, and that the books do not know. */
function lostFromSight(history: History, ledger: Ledger): Witness[] {
  const known = new Set(ledger.reservations.map((one) => one.id));
  for (const op of history.ops) if (op.op === "reserve") known.add(op.reservationId ?? -1);
  const found = new Map<number, Witness>();
  for (const op of history.ops) {
    if ((op.op !== "follow" && op.op !== "cancel") || op.outcome !== "ok") continue;
    if (op.reservationStatus === undefined || known.has(op.reservationId)) continue;
    const words =
      `client ${op.client} was shown reservation ${op.reservationId} as ${op.reservationStatus}, ` +
      `which the books do not know: sale lost`;
    found.set(op.reservationId, { words, ops: [op.id] });
  }
  return [...found.values()];
}

/** Why sums that agree prove nothing: a product is missing, or is not the one that was on sale. */
function unlikeTheSale(history: History, ledger: Ledger): string | undefined {
  for (const { id, totalStock } of history.run.sale.products) {
    const line = ledger.products.find((one) => one.id === id);
    if (!line) return `the books do not name product ${id} of the sale`;
    if (line.totalStock === totalStock || history.run.settings.hidden) continue;
    return `product ${id} has ${line.totalStock} seats in the books, of ${totalStock} on sale`;
  }
  return undefined;
}

/** More live seats in the books than were ever accepted or left unanswered. */
function ghosts(history: History, ledger: Ledger): Witness[] {
  // A recording that was cut off lacks purchases; a stock not whole at first had other buyers.
  if (!history.end) return [];
  const asked = highestPossibleSales(history);
  const live = liveSeats(ledger);
  const found: Witness[] = [];
  for (const product of history.run.sale.products) {
    const seats = live.get(product.id) ?? 0;
    const most = asked.get(product.id)?.total ?? 0;
    if (seats <= most || stockAtFirst(history, product) < product.totalStock) continue;
    const words =
      `${seats} seats of product ${product.id} are reserved, where clients were sold or may ` +
      `have been sold ${most} at most: nobody asked for ${seats - most}`;
    found.push({ words, ops: [] });
  }
  return found;
}

/** Told "out of stock" at an instant when, whatever was unheard, enough was surely left. */
function falselySoldOut(history: History): Witness[] {
  // A recording that was cut off lacks the purchases that were under way.
  if (!history.end) return [];
  const sales = highestPossibleSales(history);
  const stock = new Map(
    history.run.sale.products.map((one) => [one.id, stockAtFirst(history, one)]),
  );
  const passing = seatsInFlight(history);
  const found: Witness[] = [];
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.code !== "OUT_OF_STOCK" || op.outcome !== "fail") continue;
    const whole = stock.get(op.productId) ?? 0;
    const sold = sales.get(op.productId)?.upTo(op.endedMs) ?? 0;
    const left = whole - sold - passing(op);
    if (left < op.quantity) continue;
    const words =
      `client ${op.client} was told at ${seconds(op.endedMs)} s that product ${op.productId} ` +
      `is sold out for ${op.quantity}, when at least ${left} of ${whole} seats were left`;
    found.push({ words, ops: [op.id] });
  }
  return found;
}

/**
 * For a refused operation, the seats on its product that purchases refused for another reason may
 * have held for a moment while it was in flight.
 */
function seatsInFlight(history: History): (op: ReserveOp) => number {
  const refused: ReserveOp[] = [];
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.outcome !== "fail" || op.code === "OUT_OF_STOCK") continue;
    if (op.quantity > 0) refused.push(op);
  }
  const tally = (at: (op: ReserveOp) => number): Map<number, SeatTally> => {
    const tallies = new Map<number, SeatTally>();
    for (const op of refused.toSorted((a, b) => at(a) - at(b))) {
      const seats = tallies.get(op.productId) ?? new SeatTally();
      seats.add(at(op), op.quantity);
      tallies.set(op.productId, seats);
    }
    return tallies;
  };
  const begun = tally((op) => op.invokedMs);
  const over = tally((op) => op.endedMs);
  return (op) => {
    const all = begun.get(op.productId)?.upTo(op.endedMs) ?? 0;
    return all - (over.get(op.productId)?.upTo(op.invokedMs) ?? 0);
  };
}
