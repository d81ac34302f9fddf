/** What a stored saga looks like to those who ask for it over HTTP. */
import type { Saga, SagaLedger, SagaSummary } from "../common/contracts/saga.ts";
import { numberFromCents } from "../common/money.ts";
import type { BookingState } from "./booking-saga.ts";
import type { SagaWithTimeline, StoredSaga } from "./saga-store.ts";

export function summaryOf(saga: StoredSaga): SagaSummary {
  const { booking, deadlineAt, attempts, startedAt, updatedAt } = saga;
  return {
    sagaId: booking.sagaId,
    reservationId: booking.reservationId,
    userId: booking.userId,
    amount: numberFromCents(booking.amountCents),
    state: saga.name,
    because: because(saga.state),
    deadlineAt,
    attempts,
    startedAt,
    updatedAt,
  };
}

export function sagaOf(saga: SagaWithTimeline): Saga {
  return { ...summaryOf(saga), timeline: [...saga.timeline] };
}

/** A page of the books; `nextAfter` is null on the last one. */
export function ledgerOf(sagas: SagaLedger["sagas"], limit: number): SagaLedger {
  const last = sagas.length < limit ? undefined : sagas.at(-1);
  return { sagas, nextAfter: last?.reservationId ?? null };
}

function because(state: BookingState): string {
  switch (state.at) {
    case "charging":
      return "waiting for the payment";
    case "confirming":
      return "paid; waiting for the seats to be confirmed";
    case "completed":
      return "paid and confirmed";
    case "cancelling":
    case "refunding":
    case "compensated":
      return state.because;
  }
}
