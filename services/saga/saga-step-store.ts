/** Steps of sagas, written down: many in one statement, each with a row of its saga's timeline. */
import { z } from "zod";
import { sql, type Transaction } from "../common/database.ts";
import { textFromCents } from "../common/money.ts";
import { columnsOf, STATE_NAMES } from "./saga-columns.ts";
import type { Booking } from "./saga-store.ts";
import { type Deadline, lasting, type Step } from "./step.ts";

/** A step and the booking it was taken for. */
export interface BookedStep {
  readonly booking: Booking;
  readonly step: Step;
}

const idRow = z.object({ saga_id: z.string() });

/**
 * Writes the first steps of sagas.
 * @returns how many were new; another transaction began the others, and has committed by now.
 */
export async function beginSagas(tx: Transaction, first: readonly BookedStep[]): Promise<number> {
  if (first.length === 0) return 0;
  // In the order of their ids: an insert waits for another of the same saga.
  const inOrder = first.toSorted((a, b) => (a.booking.sagaId < b.booking.sagaId ? -1 : 1));
  const rows = inOrder.map(({ booking, step }) => {
    const { sagaId, reservationId, userId, amountCents } = booking;
    const { state, money, because } = columnsOf(step.to);
    const amount = textFromCents(amountCents);
    const seconds = secondsOf(step.deadline);
    return [sagaId, reservationId, userId, amount, state, money, because, seconds, step.attempts];
  });
  const types = ["text", "int4", "int4", "numeric", "text", "text", "text", "float8", "int4"];
  const begun = await tx.any(sql.type(idRow)`
    insert into saga (saga_id, reservation_id, user_id, amount, state, money, because, deadline_at,
      attempts, started_at, updated_at)
    select saga_id, reservation_id, user_id, amount, state, money, because,
      now() + make_interval(secs => seconds), attempts, clock_timestamp(), clock_timestamp()
    from ${sql.unnest(rows, types)} as s
      (saga_id, reservation_id, user_id, amount, state, money, because, seconds, attempts)
    on conflict (saga_id) do nothing
    returning saga_id`);
  const ids = new Set(begun.map((row) => row.saga_id));
  await writeTimeline(
    tx,
    first.filter(({ booking }) => ids.has(booking.sagaId)),
  );
  return begun.length;
}

/**
 * Writes later steps, of each saga in the order in which they were taken. What changes nothing
 * only goes into the timeline.
 */
export async function recordSteps(tx: Transaction, steps: readonly BookedStep[]): Promise<void> {
  if (steps.length === 0) return;
  const bySaga = Map.groupBy(steps, ({ booking }) => booking.sagaId);
  const rows = [...bySaga].flatMap(([sagaId, taken]) => {
    const lasts = lasting(taken.map(({ step }) => step));
    if (lasts.changes === "nothing") return [];
    const { state, money, because } = columnsOf(lasts.to);
    const { deadline, attempts } = lasts;
    const [keeps, moved] = [deadline === "keep", lasts.changes === "state"];
    return [[sagaId, state, money, because, keeps, secondsOf(deadline), attempts, moved]];
  });
  const types = ["text", "text", "text", "text", "bool", "float8", "int4", "bool"];
  if (rows.length > 0) {
    // A question asked again is no change of the saga: what hangs is found by its age.
    await tx.query(sql.unsafe`
      update saga set state = s.state, money = s.money, because = s.because,
        deadline_at = case when s.keeps then saga.deadline_at
          else now() + make_interval(secs => s.seconds) end,
        attempts = s.attempts,
        updated_at = case when s.moved then clock_timestamp() else saga.updated_at end
      from ${sql.unnest(rows, types)} as s
        (saga_id, state, money, because, keeps, seconds, attempts, moved)
      where saga.saga_id = s.saga_id`);
  }
  await writeTimeline(tx, steps);
}

/** The clock of the moment, not of the transaction's start: waiting for the row took time. */
async function writeTimeline(tx: Transaction, steps: readonly BookedStep[]): Promise<void> {
  const rows = steps.map(({ booking, step: { event, from, to, send, note } }, at) => [
    ...[at, booking.sagaId, event, from ? STATE_NAMES[from.at] : null, STATE_NAMES[to.at]],
    // An array of arrays cannot be sent; names of commands have no comma.
    ...[send.join(","), note],
  ]);
  const types = ["int4", "text", "text", "text", "text", "text", "text"];
  await tx.query(sql.unsafe`
    insert into saga_log (saga_id, at, event, from_state, to_state, sent, note)
    select saga_id, clock_timestamp(), event, from_state, to_state, string_to_array(sent, ','), note
    from ${sql.unnest(rows, types)} as s (at, saga_id, event, from_state, to_state, sent, note)
    order by s.at`);
}

/** Null: the coordinator has nothing left to do by itself. Not asked where the deadline is kept. */
function secondsOf(deadline: Deadline): number | null {
  return typeof deadline === "object" ? deadline.inSeconds : null;
}
