/** How sagas read in a terminal: where each stands, why, and what comes next. */
import type { Payment } from "../../services/common/contracts/payment.ts";
import type { OpenSagas, Saga, SagaSummary } from "../../services/common/contracts/saga.ts";
import { formatCount, formatDuration } from "../tui/number-format.ts";
import { clockTime, money, plural, times } from "./words.ts";

type Entry = Saga["timeline"][number];

const ENDED = { COMPLETED: true, COMPENSATED: true } as const;

export const hasEnded = ({ state }: Pick<SagaSummary, "state">): boolean => state in ENDED;

/** One line of a list. What is of any length comes last. */
export function sagaLine(saga: SagaSummary, nowMs: number): string {
  const { sagaId, reservationId, state, because, attempts, overdue } = saga;
  return [
    sagaId,
    `reservation ${String(reservationId).padStart(7)}`,
    state.padEnd(11),
    `for ${since(saga.updatedAt, nowMs).padStart(9)}`,
    ...(attempts > 0 ? [`asked again ${times(attempts)}`] : []),
    ...(overdue ? ["OVERDUE"] : []),
    because,
  ].join("  ");
}

export function listSummary(sagas: readonly SagaSummary[], limit: number): string {
  const more = sagas.length < limit ? "" : "; there may be more, see --limit";
  return `${plural(sagas.length, "saga")}${more}`;
}

/** The whole of a saga: its timeline, where it stands, what is on its way, what comes next. */
export function sagaText(saga: Saga, payments: readonly Payment[] | null, nowMs: number): string {
  const { sagaId, reservationId, userId, amount, startedAt, timeline } = saga;
  return [
    `saga ${sagaId}`,
    `  reservation ${reservationId} of user ${userId}, ${money(amount)}, begun ${startedAt}`,
    ...timeline.map((entry) => `  ${entryLine(entry, startedAt)}`),
    ...paymentLines(payments),
    ...standing(saga, nowMs),
  ].join("\n");
}

/** When, how long after the beginning, what happened, and what that led to. */
export function entryLine(entry: Entry, startedAt: string): string {
  const { at, event, to, sent, note } = entry;
  const after = formatDuration(Date.parse(at) - Date.parse(startedAt)).padStart(9);
  const led = sent.length > 0 ? ` → ${sent.join(", ")}` : "";
  return `${clockTime(at)}  +${after}  ${to.padEnd(11)}  ${note} (${event}${led})`;
}

/** Why it stands there, and when what will be done about it; or how it ended. */
export function standing(saga: Saga, nowMs: number): readonly string[] {
  const { state, because, startedAt, updatedAt } = saga;
  if (hasEnded(saga)) {
    const took = formatDuration(Date.parse(updatedAt) - Date.parse(startedAt));
    const how = state === "COMPLETED" ? because : `${because}; seats and money are back`;
    return [`ended ${state} after ${took}: ${how}`];
  }
  const late = saga.overdue ? "; OVERDUE, somebody should look" : "";
  return [
    `stands in ${state} for ${since(updatedAt, nowMs)} because: ${because}${late}`,
    ...saga.undelivered.map(
      ({ type, since: put, attempts, nextAttemptAt }) =>
        `not taken over yet: ${type}, on its way for ${since(put, nowMs)}, ` +
        `tried ${times(attempts)}, again at ${clockTime(nextAttemptAt)}`,
    ),
    nextLine(saga, nowMs),
  ];
}

/** How many have not ended, in which states, and the one that waits longest. */
export function watchLine(open: OpenSagas, nowMs: number): string {
  const column = (name: string, count: number) => `${name} ${formatCount(count).padStart(5)}`;
  const { oldest } = open;
  return [
    column("charging", open.charging),
    column("confirming", open.confirming),
    column("cancelling", open.cancelling),
    column("refunding", open.refunding),
    column("overdue", open.overdue),
    oldest
      ? `oldest ${oldest.sagaId} ${oldest.state} for ${since(oldest.updatedAt, nowMs)}`
      : "all have ended",
  ].join("  ");
}

function nextLine({ deadlineAt, next, state, attempts }: Saga, nowMs: number): string {
  if (deadlineAt === null || next === null) return "next: nothing; it has ended";
  const inMs = Date.parse(deadlineAt) - nowMs;
  const when =
    inMs >= 0
      ? `at ${clockTime(deadlineAt)} (in ${formatDuration(inMs)})`
      : `was due at ${clockTime(deadlineAt)} (${formatDuration(-inMs)} ago):`;
  // The first deadline of a payment is an end of patience, not a question.
  const attempt = state === "CHARGING" ? "" : ` (attempt ${attempts + 1})`;
  return `next: ${when} it ${next}${attempt}`;
}

function paymentLines(payments: readonly Payment[] | null): readonly string[] {
  if (payments === null) return ["  payment: its service could not be asked"];
  return payments.map((payment) => `  ${paymentLine(payment)}`);
}

/** A refund that the provider refuses is known to the payment service, by its last words. */
function paymentLine({ id, status, amount, failureReason }: Payment): string {
  const reason = failureReason === null ? "" : `: ${failureReason}`;
  return `payment ${id} of ${money(amount)} is ${status}${reason}`;
}

const since = (instant: string, nowMs: number): string =>
  formatDuration(nowMs - Date.parse(instant));
