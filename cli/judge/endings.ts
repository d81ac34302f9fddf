/** Whether every reservation and its saga ended, and stayed ended. */
import type { FollowOp, History, Ledger, LedgerReservation, ReservationStatus } from "./history.ts";
import type { Witness } from "./verdict.ts";
import { money, seconds } from "./words.ts";

/** The deadline after which a silent payment is given up: by then a saga must have ended. */
export const SETTLE_SECONDS = 60;

export interface Endings {
  readonly checked: number;
  /** Reservations and sagas that had their time and are still open. */
  readonly open: number;
  /** Reservations seen to have ended that were open later. */
  readonly undone: number;
  readonly witnesses: readonly Witness[];
  /** Set when the books do not allow a conclusion. */
  readonly unknownBecause?: string;
}

/** True for the two states in which a saga may rest. */
export function sagaEnded(state: string): boolean {
  return state === "COMPLETED" || state === "COMPENSATED";
}

/** True for the two states in which a reservation may rest. */
export function reservationEnded(status: ReservationStatus): boolean {
  return status === "CONFIRMED" || status === "CANCELLED";
}

/** Judges the books of a run; without books, or with books read too early, says so. */
export function judgeEndings(history: History, ledger: Ledger | undefined): Endings {
  const undone = undoneEndings(history, ledger);
  const told = { checked: 0, open: 0, undone: undone.length, witnesses: undone };
  if (!ledger) return { ...told, unknownBecause: "no ledger: nobody read the books" };
  const open = openOnes(ledger);
  const checked = ledger.reservations.length;
  const dueSeconds = history.run.settings.settleWithinSeconds ?? SETTLE_SECONDS;
  if (open.length > 0 && !ledger.settled && ledger.settleSeconds < dueSeconds) {
    const unknownBecause =
      `${open.length} still open when the books were read after ` +
      `${ledger.settleSeconds} s, too early to say (${dueSeconds} s are due)`;
    return { ...told, checked, unknownBecause };
  }
  const witnesses = [...open, ...undone];
  return { checked, open: open.length, undone: undone.length, witnesses };
}

/** Each reservation that has not come to its end, and each saga without one that still runs. */
function openOnes(ledger: Ledger): Witness[] {
  const sagas = new Map(ledger.sagas.map((saga) => [saga.sagaId, saga]));
  const paid = new Map<string, number>();
  for (const entry of ledger.provider) {
    const cents = entry.type === "charge" ? entry.amountCents : -entry.amountCents;
    paid.set(entry.sagaId, (paid.get(entry.sagaId) ?? 0) + cents);
  }
  const open: Witness[] = [];
  const seen = new Set<string>();
  for (const reservation of ledger.reservations) {
    seen.add(reservation.sagaId);
    const saga = sagas.get(reservation.sagaId);
    const why = whyOpen(reservation, saga?.state, paid.get(reservation.sagaId) ?? 0);
    if (why) open.push({ words: `reservation ${reservation.id} ${why}`, ops: [] });
  }
  for (const saga of ledger.sagas) {
    if (seen.has(saga.sagaId) || sagaEnded(saga.state)) continue;
    open.push({ words: `saga ${saga.sagaId} is still ${saga.state}`, ops: [] });
  }
  return open;
}

function whyOpen(
  reservation: LedgerReservation,
  sagaState: string | undefined,
  paidCents: number,
): string | undefined {
  if (!reservationEnded(reservation.status)) {
    const paid = paidCents > 0 ? `, paid ${money(paidCents)} and not confirmed` : "";
    const saga = sagaState === undefined ? "no saga at all" : `its saga is ${sagaState}`;
    return `is still ${reservation.status}${paid} (${saga})`;
  }
  if (sagaState === undefined) return `is ${reservation.status} and has no saga at all`;
  if (!sagaEnded(sagaState)) return `is ${reservation.status} and its saga is still ${sagaState}`;
  return undefined;
}

/** Reservations that a client saw ended and that were seen open, or revived, afterwards. */
function undoneEndings(history: History, ledger: Ledger | undefined): Witness[] {
  const ends = new Map<number, FollowOp>();
  const follows: FollowOp[] = [];
  for (const op of history.ops) {
    if ((op.op !== "follow" && op.op !== "cancel") || op.reservationStatus === undefined) continue;
    follows.push(op);
    if (!reservationEnded(op.reservationStatus)) continue;
    const known = ends.get(op.reservationId);
    if (!known || op.endedMs < known.endedMs) ends.set(op.reservationId, op);
  }
  const asked = new Set(cancellations(history));
  const undone = new Map<number, Witness>();
  for (const op of follows) {
    const end = ends.get(op.reservationId);
    if (!end?.reservationStatus || !op.reservationStatus || op.invokedMs <= end.endedMs) continue;
    const wished = asked.has(op.reservationId) || !history.end;
    if (!undoes(end.reservationStatus, op.reservationStatus, wished)) continue;
    const then = `was ${op.reservationStatus} at ${seconds(op.endedMs)} s`;
    undone.set(op.reservationId, inWords(end, then, [op.id]));
  }
  for (const reservation of ledger?.reservations ?? []) {
    const end = ends.get(reservation.id);
    if (!end?.reservationStatus || undone.has(reservation.id)) continue;
    const wished = asked.has(reservation.id) || !history.end;
    if (!undoes(end.reservationStatus, reservation.status, wished)) continue;
    undone.set(reservation.id, inWords(end, `is ${reservation.status} in the books`, []));
  }
  return [...undone.values()];
}

/** Reservations that somebody asked to cancel, and was not told no. */
function* cancellations(history: History): Generator<number> {
  for (const op of history.ops) {
    if (op.op === "cancel" && op.outcome !== "fail") yield op.reservationId;
  }
}

/**
 * A confirmed one is cancelled where its owner wishes it; nothing else leaves an end. A record that
 * was cut off may lack the wish.
 */
function undoes(end: ReservationStatus, then: ReservationStatus, wished: boolean): boolean {
  return then !== end && !(end === "CONFIRMED" && then === "CANCELLED" && wished);
}

function inWords(end: FollowOp, then: string, ops: readonly number[]): Witness {
  const was = `was ${end.reservationStatus} at ${seconds(end.endedMs)} s`;
  return { words: `reservation ${end.reservationId} ${was} and ${then}`, ops: [end.id, ...ops] };
}
