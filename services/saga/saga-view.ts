/** What a stored saga looks like to those who ask for it over HTTP. */
import type { OpenSagas, Saga, SagaLedger, SagaSummary } from "../common/contracts/saga.ts";
import { numberFromCents } from "../common/money.ts";
import type { UnsentMessage } from "../common/outbox/outbox-store.ts";
import type { BookingState } from "./booking-saga.ts";
import type { OpenCounts, SagaWithTimeline, StoredSaga } from "./saga-store.ts";

export function summaryOf(saga: StoredSaga): SagaSummary {
  const { booking, deadlineAt, attempts, overdue, startedAt, updatedAt } = saga;
  return {
    sagaId: booking.sagaId,
    reservationId: booking.reservationId,
    userId: booking.userId,
    amount: numberFromCents(booking.amountCents),
    state: saga.name,
    because: because(saga.state),
    deadlineAt,
    next: nextOf(saga.state),
    attempts,
    overdue,
    startedAt,
    updatedAt,
  };
}

export function sagaOf(saga: SagaWithTimeline, unsent: readonly UnsentMessage[]): Saga {
  return { ...summaryOf(saga), timeline: [...saga.timeline], undelivered: [...unsent] };
}

export function openOf(counts: OpenCounts, oldest: StoredSaga | undefined): OpenSagas {
  const { charging, confirming, cancelling, refunding, overdue } = counts;
  const shown = oldest ? summaryOf(oldest) : null;
  return { charging, confirming, cancelling, refunding, overdue, oldest: shown };
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

/** What the coordinator does at the deadline; the table of booking-saga.ts in words. */
export function nextOf(state: BookingState): string | null {
  switch (state.at) {
    case "charging":
      return "gives the seats back, and has the charge forbidden or refunded";
    case "confirming":
      return "asks for the confirmation again";
    case "cancelling":
      return state.money === "none"
        ? "asks for the cancellation again"
        : "asks for the cancellation and the refund again";
    case "refunding":
      return "asks for the refund again";
    case "completed":
    case "compensated":
      return null;
  }
}
