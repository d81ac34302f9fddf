/** Where a defect may be planted: in the wiring of a run, never in the product. */
import type { Bus, Handler } from "../../services/common/bus/bus.ts";
import type { OutboxRows } from "../../services/common/outbox/outbox-rows.ts";
import type { PaymentBooks } from "../../services/payment/payment-books.ts";
import type { PaymentProvider } from "../../services/payment/provider.ts";
import type { WaitingRoomStore } from "../../services/queue/waiting-room-store.ts";
import type { decide } from "../../services/saga/booking-saga.ts";
import type { SagaBooks } from "../../services/saga/saga-books.ts";
import type { BookingDeskOptions } from "../../services/ticket/booking-desk.ts";
import type { ChangeBooks, SaleBooks } from "../../services/ticket/reservation-books.ts";
import type { Tx } from "./tables.ts";
import type { Life } from "./virtual-time.ts";
import type { Setting, World } from "./world.ts";

type Around<T> = (inner: T, life: Life, world: World) => T;
type Gate = BookingDeskOptions["gate"];

/** Each puts itself around a part of an honest run. */
export interface Defect {
  readonly outboxRows?: Around<OutboxRows>;
  readonly sagaBooks?: Around<SagaBooks>;
  readonly paymentBooks?: Around<PaymentBooks>;
  readonly changeBooks?: Around<ChangeBooks>;
  readonly saleBooks?: Around<SaleBooks>;
  readonly provider?: Around<PaymentProvider>;
  readonly bus?: Around<Bus>;
  readonly handler?: Around<Handler>;
  readonly store?: Around<WaitingRoomStore>;
  readonly gate?: (inner: Gate, world: World) => Gate;
  readonly rules?: typeof decide;
  readonly settings?: (setting: Setting) => { readonly permitsPerMinute: number };
  readonly sale?: { readonly saleStartAt: string };
  readonly onSent?: (
    world: World,
  ) => (tx: Tx, messages: readonly { readonly sagaId: string }[]) => Promise<void>;
}

export const HONEST: Defect = {};
