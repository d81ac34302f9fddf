/**
 * What must hold once a sale has come to rest: the crowd's record against the books. Pure: record
 * and books in, findings out; an empty list is the promise kept.
 */
import type { Books } from "./books.ts";
import { type CrowdRecord, outcomeOf, type Purchase } from "./record.ts";

export const EQUATIONS = ["stock", "money", "ended", "acknowledged", "asked", "passes"] as const;
export type Equation = (typeof EQUATIONS)[number];

export interface Finding {
  readonly equation: Equation | "process";
  /** With the numbers and ids that show it. */
  readonly words: string;
}

type Reservation = Books["reservations"][number];
const ENDED = ["COMPLETED", "COMPENSATED"];
const PENDING = ["PENDING", "PAYMENT_PENDING"];

/** What has not come to rest yet; nothing else may be said of the books before it is empty. */
export function openBusiness(books: Books): readonly string[] {
  const reservations = books.reservations
    .filter((one) => PENDING.includes(one.status))
    .map((one) => `reservation ${one.id} (${one.sagaId}) is ${one.status}`);
  if (!books.sagas) return [...reservations, ...unsettled(books)];
  const state = new Map(books.sagas.map((one) => [one.sagaId, one.state]));
  const sagas = books.sagas
    .filter((one) => !ENDED.includes(one.state))
    .map((one) => `saga ${one.sagaId} is ${one.state}`);
  const unborn = books.reservations
    .filter((one) => !state.has(one.sagaId))
    .map((one) => `reservation ${one.id} has no saga (${one.sagaId})`);
  return [...reservations, ...sagas, ...unborn, ...unheard(books, state)];
}

/**
 * A buyer's or an event's cancellation is on its way to a saga that had ended: the message may lie in
 * the outbox until the lease of a relay that died has passed.
 */
function unheard({ reservations }: Books, state: ReadonlyMap<string, string>): readonly string[] {
  return reservations
    .filter((one) => one.status === "CANCELLED" && state.get(one.sagaId) === "COMPLETED")
    .map((one) => `reservation ${one.id} is CANCELLED, saga ${one.sagaId} COMPLETED`);
}

/** Without a saga nobody says when the money has come home, so the provider's books must. */
function unsettled(books: Books): readonly string[] {
  const net = netOf(books);
  return books.reservations
    .filter((one) => one.status === "CANCELLED" && (net.get(one.sagaId)?.cents ?? 0) !== 0)
    .map((one) => `reservation ${one.id} is cancelled and not refunded`);
}

export function judge(record: CrowdRecord, books: Books): readonly Finding[] {
  return [
    ...openBusiness(books).map((words) => ({ equation: "ended", words }) as const),
    ...judgeStock(books),
    ...judgeMoney(books),
    ...judgeEndings(books),
    ...judgeAcknowledged(record, books),
    ...judgeAsked(record, books),
    ...judgePasses(record),
  ];
}

function judgeStock({ stock, reservations }: Books): readonly Finding[] {
  const found: Finding[] = [];
  for (const line of stock) {
    const { productId, totalStock, availableStock, held } = line;
    const live = reservations
      .filter((one) => one.productId === productId && one.status !== "CANCELLED")
      .reduce((sum, one) => sum + one.quantity, 0);
    const sum = `product ${productId}: total ${totalStock}, available ${availableStock}, held ${held}, live reservations ${live}`;
    if (totalStock !== availableStock + live || held !== live || availableStock < 0) {
      found.push({ equation: "stock", words: sum });
    }
  }
  return found;
}

interface Net {
  readonly cents: number;
  readonly charges: number;
}

function netOf({ provider }: Books): ReadonlyMap<string, Net> {
  const net = new Map<string, Net>();
  for (const { type, sagaId, amount } of provider) {
    const before = net.get(sagaId) ?? { cents: 0, charges: 0 };
    const cents = Math.round(amount * 100) * (type === "charge" ? 1 : -1);
    const charges = before.charges + (type === "charge" ? 1 : 0);
    net.set(sagaId, { cents: before.cents + cents, charges });
  }
  return net;
}

/** Confirmed: one charge of the exact amount. Cancelled: net zero. Nothing else moved money. */
function judgeMoney(books: Books): readonly Finding[] {
  const net = netOf(books);
  const known = new Map(books.reservations.map((one) => [one.sagaId, one]));
  const found: Finding[] = [];
  const say = (words: string) => found.push({ equation: "money", words });
  for (const [sagaId, { cents, charges }] of net) {
    if (charges > 1) say(`${sagaId} was charged ${charges} times`);
    if (!known.has(sagaId) && cents !== 0) say(`${sagaId}: ${cents} cents for no reservation`);
  }
  for (const one of books.reservations) {
    const cents = net.get(one.sagaId)?.cents ?? 0;
    const due = one.status === "CONFIRMED" ? Math.round(one.totalPrice * 100) : 0;
    if (PENDING.includes(one.status) && cents === 0) continue;
    if (cents !== due) {
      say(
        `reservation ${one.id} is ${one.status}: ${cents} cents moved, ${due} due (${one.sagaId})`,
      );
    }
  }
  return found;
}

/** Each service tells the same story. */
function judgeEndings({ sagas, reservations, payments }: Books): readonly Finding[] {
  const found: Finding[] = [];
  const byId = new Map(reservations.map((one) => [one.sagaId, one]));
  for (const { sagaId, state } of sagas ?? []) {
    const status = byId.get(sagaId)?.status ?? "absent";
    const fits =
      (state === "COMPLETED" && status === "CONFIRMED") ||
      (state === "COMPENSATED" && status === "CANCELLED") ||
      // Named by openBusiness, as whatever has not ended.
      (state === "COMPLETED" && status === "CANCELLED") ||
      !ENDED.includes(state);
    if (!fits)
      found.push({ equation: "ended", words: `saga ${sagaId} ${state}, reservation ${status}` });
  }
  for (const { sagaId, status } of sagas ? payments : []) {
    if (status === "PENDING" || status === "PROCESSING") {
      found.push({ equation: "ended", words: `payment of ${sagaId} is ${status}` });
    }
  }
  return found;
}

/** What a buyer was told stands in the books; what they cancelled is cancelled. */
function judgeAcknowledged({ purchases, absurd }: CrowdRecord, books: Books): readonly Finding[] {
  const byId = new Map(books.reservations.map((one) => [one.id, one]));
  const found: Finding[] = absurd.map((words) => ({ equation: "acknowledged", words }));
  const say = (words: string) => found.push({ equation: "acknowledged", words });
  for (const purchase of purchases) {
    const ids = new Set(purchase.told.map((one) => one.reservationId));
    if (ids.size > 1) say(`key ${purchase.key} was told ${[...ids].join(" and ")}`);
    for (const { reservationId, sagaId } of purchase.told) {
      const row = byId.get(reservationId);
      const what = `reservation ${reservationId} of user ${purchase.userId}`;
      if (!row) say(`${what} was acknowledged and is not in the books`);
      else if (!describes(row, purchase, sagaId)) say(`${what} is another one in the books`);
      else if (purchase.cancellation === "ok" && row.status !== "CANCELLED") {
        say(`${what} was cancelled for its buyer and is ${row.status}`);
      }
    }
  }
  return found;
}

function describes(row: Reservation, purchase: Purchase, sagaId: string): boolean {
  return (
    row.sagaId === sagaId &&
    row.userId === purchase.userId &&
    row.productId === purchase.productId &&
    row.quantity === purchase.quantity
  );
}

/**
 * Nobody has a reservation that they did not ask for: each wish leads to one at most, and a wish
 * that was refused leads to none, unless an earlier attempt of it was still on its way.
 */
function judgeAsked({ purchases }: CrowdRecord, books: Books): readonly Finding[] {
  const found: Finding[] = [];
  const say = (words: string) => found.push({ equation: "asked", words });
  const wishes = Map.groupBy(purchases, (one) => `${one.userId} ${one.productId}`);
  const rows = Map.groupBy(books.reservations, (one) => `${one.userId} ${one.productId}`);
  for (const [who, own] of rows) {
    const asked = wishes.get(who) ?? [];
    const ids = own.map((one) => one.id).join(", ");
    const possible = asked.filter((one) => mayHave(one, own));
    if (own.length > possible.length) {
      say(
        `user and product ${who}: ${own.length} reservations (${ids}) for ${possible.length} wishes`,
      );
    }
  }
  return found;
}

function mayHave(purchase: Purchase, rows: readonly Reservation[]): boolean {
  const outcome = outcomeOf(purchase);
  if (outcome !== "refused") return true;
  if (!purchase.attempts.some((one) => one.outcome === "unknown")) return false;
  // Refused although it was sold by then: the key should have been known.
  const refusedAtMs = purchase.attempts.at(-1)!.sentAtMs;
  return rows.some((row) => Date.parse(row.createdAt) >= refusedAtMs);
}

/** One pass, one purchase. */
function judgePasses({ purchases }: CrowdRecord): readonly Finding[] {
  const sold = purchases.filter((one) => one.told.length > 0);
  const byPass = Map.groupBy(sold, (one) => one.passToken);
  return [...byPass.values()]
    .filter((users) => users.length > 1)
    .map((users) => ({
      equation: "passes",
      words: `pass of user ${users[0]!.userId} opened the gate ${users.length} times`,
    }));
}
