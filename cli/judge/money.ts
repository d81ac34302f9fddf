/** Judges the money: confirmed is paid exactly once and exactly, cancelled is net zero. */
import { reservationEnded, SETTLE_SECONDS, sagaEnded } from "./endings.ts";
import type { History, Ledger, LedgerPayment, LedgerReservation } from "./history.ts";
import type { Verdict, Witness } from "./verdict.ts";
import { broken, unknown, valid } from "./verdict.ts";
import { count, money } from "./words.ts";

/** What the provider moved for one saga, in cents. */
interface Moved {
  readonly charges: number[];
  charged: number;
  refunded: number;
}

/**
 * Holds the provider's statement and our payments against each reservation. One that has not
 * ended, or whose saga still runs, is a matter of liveness and left out here; so is a cancelled
 * one whose payment is still on its way at the provider without a cent moved.
 */
export function judgeMoney(history: History, ledger: Ledger | undefined): Verdict {
  if (!ledger) return unknown("money", "no ledger: nobody read the books");
  const prices = new Map(history.run.sale.products.map((one) => [one.id, one.priceCents]));
  const open = new Set(ledger.sagas.filter((s) => !sagaEnded(s.state)).map((s) => s.sagaId));
  const moved = movedOf(ledger);
  const payments = Map.groupBy(ledger.payments, (payment) => payment.sagaId);

  const witnesses: Witness[] = [...doubledCharges(ledger, moved), ...ghostMoney(ledger, moved)];
  let checked = 0;
  let onTheWay = 0;
  for (const one of ledger.reservations) {
    const wrongPrice = priceWrong(one, prices.get(one.productId));
    if (wrongPrice) witnesses.push(wrongPrice);
    if (!reservationEnded(one.status) || open.has(one.sagaId)) continue;
    const sums = moved.get(one.sagaId) ?? nothingMoved();
    const paid = payments.get(one.sagaId) ?? [];
    const wrong =
      one.status === "CONFIRMED" ? confirmedWrong(one, sums, paid) : cancelledWrong(sums, paid);
    if (wrong) witnesses.push(about(one, wrong));
    else if (one.status === "CANCELLED" && paid.some(isOnTheWay)) {
      onTheWay++;
      continue;
    }
    checked++;
  }

  const facts = checked + ledger.provider.length;
  const ended = count(checked, "ended reservation");
  const said = `${ended} against ${count(ledger.provider.length, "entry", "entries")}`;
  const waits = onTheWay > 0 ? `, ${count(onTheWay, "payment")} still on the way` : "";
  if (witnesses.length > 0) {
    const wrong = count(witnesses.length, "disagreement");
    return broken("money", `${wrong}: ${said} at the provider${waits}`, facts, witnesses);
  }
  if (checked === 0) return unknown("money", `no reservation ended${waits}`);
  return valid("money", `${said} at the provider, all agree${waits}`, facts);
}

function nothingMoved(): Moved {
  return { charges: [], charged: 0, refunded: 0 };
}

function movedOf(ledger: Ledger): Map<string, Moved> {
  const moved = new Map<string, Moved>();
  for (const { sagaId, type, amountCents } of ledger.provider) {
    const sums = moved.get(sagaId) ?? nothingMoved();
    if (type === "charge") {
      sums.charges.push(amountCents);
      sums.charged += amountCents;
    } else sums.refunded += amountCents;
    moved.set(sagaId, sums);
  }
  return moved;
}

function about(one: LedgerReservation, what: string): Witness {
  return { words: `reservation ${one.id} (saga ${one.sagaId}) ${what}`, ops: [] };
}

function doubledCharges(ledger: Ledger, moved: ReadonlyMap<string, Moved>): Witness[] {
  const names = new Map(ledger.reservations.map((one) => [one.sagaId, `reservation ${one.id}`]));
  const found: Witness[] = [];
  for (const [sagaId, { charges, charged, refunded }] of moved) {
    const who = `${names.get(sagaId) ?? "nobody's reservation"} (saga ${sagaId})`;
    if (charges.length > 1) {
      const amounts = charges.map(money).join(" + ");
      found.push({ words: `${who} was charged ${charges.length} times: ${amounts}`, ops: [] });
    }
    if (refunded > charged) {
      const words = `${who} was refunded ${money(refunded)} of ${money(charged)} charged`;
      found.push({ words, ops: [] });
    }
  }
  return found;
}

/** Money for sagas that no reservation has; only books read at rest are sure to name them all. */
function ghostMoney(ledger: Ledger, moved: ReadonlyMap<string, Moved>): Witness[] {
  if (!ledger.settled && ledger.settleSeconds < SETTLE_SECONDS) return [];
  const known = new Set(ledger.reservations.map((one) => one.sagaId));
  const found: Witness[] = [];
  for (const [sagaId, { charged }] of moved) {
    if (known.has(sagaId) || charged === 0) continue;
    const words = `ghost charge of ${money(charged)}: no reservation has saga ${sagaId}`;
    found.push({ words, ops: [] });
  }
  for (const { id, sagaId, status, amountCents } of ledger.payments) {
    if (known.has(sagaId) || moved.has(sagaId) || status !== "COMPLETED") continue;
    const words = `ghost payment ${id} of ${money(amountCents)}: no reservation has saga ${sagaId}`;
    found.push({ words, ops: [] });
  }
  return found;
}

function priceWrong(one: LedgerReservation, priceCents: number | undefined): Witness | undefined {
  if (priceCents === undefined) return undefined;
  const rightCents = priceCents * one.quantity;
  if (one.totalPriceCents === rightCents) return undefined;
  const sum = `${one.quantity} × ${money(priceCents)}`;
  return about(one, `costs ${money(one.totalPriceCents)} instead of ${sum} = ${money(rightCents)}`);
}

/** Several charges are reported by themselves; here their number only says "not one". */
function confirmedWrong(
  { totalPriceCents }: LedgerReservation,
  { charges, refunded }: Moved,
  payments: readonly LedgerPayment[],
): string | undefined {
  if (charges.length === 0) return "is CONFIRMED without a charge";
  if (refunded > 0) return `is CONFIRMED and was refunded ${money(refunded)}`;
  const charged = charges[0] ?? 0;
  if (charged !== totalPriceCents) {
    return `is CONFIRMED for ${money(totalPriceCents)} and was charged ${money(charged)}`;
  }
  const completed = payments.filter((payment) => payment.status === "COMPLETED");
  if (completed.length !== 1) {
    const states = payments.map((payment) => payment.status).join(", ") || "none";
    return `is CONFIRMED and charged, with ${completed.length} completed payments (${states})`;
  }
  const booked = completed[0]?.amountCents ?? 0;
  if (booked === totalPriceCents) return undefined;
  return `is CONFIRMED for ${money(totalPriceCents)}, its payment says ${money(booked)}`;
}

function cancelledWrong(
  { charged, refunded }: Moved,
  payments: readonly LedgerPayment[],
): string | undefined {
  // More refunded than charged is reported by itself.
  if (charged > refunded) {
    return `is CANCELLED, was charged ${money(charged)} and refunded ${money(refunded)}`;
  }
  const completed = payments.find((payment) => payment.status === "COMPLETED");
  if (completed) return `is CANCELLED, its payment ${completed.id} still COMPLETED`;
  return undefined;
}

function isOnTheWay(payment: LedgerPayment): boolean {
  return payment.status === "PENDING" || payment.status === "PROCESSING";
}
