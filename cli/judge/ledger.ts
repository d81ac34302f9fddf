/** What the services' books say once a run is over (ledger.json). Money is in whole cents. */
import type { ReservationStatus } from "./operations.ts";

export interface StockLine {
  readonly id: number;
  readonly totalStock: number;
  readonly availableStock: number;
  /** Σ quantity of PENDING, PAYMENT_PENDING and CONFIRMED reservations, in the same snapshot. */
  readonly held: number;
}

export type PaymentStatus = "PENDING" | "PROCESSING" | "COMPLETED" | "FAILED" | "REFUNDED";

/** What the services' books say once the run is over; read from their administrators' routes. */
export interface Ledger {
  /** The tester's wall clock, for people. */
  readonly readAt: string;
  /**
   * True when every saga had ended before the books were read. False: the tester waited as long
   * as it was told to and some were still open (named by judges as a liveness matter).
   */
  readonly settled: boolean;
  /** How long the tester waited for that, in seconds. */
  readonly settleSeconds: number;
  readonly products: readonly StockLine[];
  readonly reservations: readonly LedgerReservation[];
  readonly payments: readonly LedgerPayment[];
  /** The payment provider's own statement: what really moved, whatever our payments say. */
  readonly provider: readonly ProviderEntry[];
  readonly sagas: readonly LedgerSaga[];
}

export interface LedgerReservation {
  readonly id: number;
  readonly sagaId: string;
  readonly userId: number;
  readonly productId: number;
  readonly quantity: number;
  readonly totalPriceCents: number;
  readonly status: ReservationStatus;
  readonly createdAt: string;
}

export interface LedgerPayment {
  readonly id: string;
  readonly sagaId: string;
  readonly reservationId: number;
  readonly amountCents: number;
  readonly status: PaymentStatus;
}

export interface ProviderEntry {
  readonly type: "charge" | "refund";
  readonly sagaId: string;
  readonly amountCents: number;
  readonly at: string;
}

export interface LedgerSaga {
  readonly sagaId: string;
  readonly reservationId: number;
  /** COMPLETED and COMPENSATED are ends; anything else is still open. */
  readonly state: string;
}
