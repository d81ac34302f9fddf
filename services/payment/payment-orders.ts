/** Takes the saga's orders, many at once: inbox marks, changes and answers in one transaction, and no call to the provider. */
import type { Clock } from "../common/clock.ts";
import type { Message, MessageOf } from "../common/contracts/messages.ts";
import { type IdSource, newPaymentId } from "../common/ids.ts";
import { CANCELLED_BEFORE_CHARGE, onChargeOrdered, onRefundOrdered } from "./charge.ts";
import type { PaymentBooks, PaymentTransaction } from "./payment-books.ts";
import { outcomeMessage } from "./payment-messages.ts";
import type { NewPayment, StoredPayment } from "./payment-store.ts";

export interface PaymentOrdersOptions {
  readonly books: PaymentBooks;
  readonly clock: Clock;
  readonly ids?: IdSource;
  /** After the commit of a change that leaves work for the worker. */
  readonly onWork: () => void;
  /** After the commit of an outcome that is told to the saga; `settled` when it is a new one. */
  readonly onOutcome: (payment: StoredPayment, settled: boolean) => void;
}

/** What a handled order left behind. */
type Effect =
  | { readonly left: "nothing" }
  | { readonly left: "work" }
  | { readonly left: "outcome"; readonly payment: StoredPayment; readonly settled: boolean };

const NOTHING: Effect = { left: "nothing" };
const WORK: Effect = { left: "work" };

type ChargeOrdered = MessageOf<"ChargePayment">;
type RefundOrdered = MessageOf<"RefundPayment">;
type Order = ChargeOrdered | RefundOrdered;

/** Handles orders in one transaction. Rejects when nothing was committed. */
export type TakeOrders = (messages: readonly Message[]) => Promise<void>;

export function paymentOrders(options: PaymentOrdersOptions): TakeOrders {
  return async (messages) => {
    const orders = messages.map(orderOf);
    const effects = await options.books.transaction(async (tx) => {
      const fresh = new Set(await tx.firstTimes(orders.map(({ messageId }) => messageId)));
      // One that came twice in one batch is fresh once.
      const unread = orders.filter(({ messageId }) => fresh.delete(messageId));
      const done = await takeAll(tx, unread, options.ids);
      await tx.putMessages(
        done.flatMap((effect) =>
          effect.left === "outcome"
            ? [outcomeMessage(effect.payment, options.clock, options.ids)]
            : [],
        ),
      );
      return done;
    });
    if (effects.some(({ left }) => left === "work")) options.onWork();
    for (const effect of effects) {
      if (effect.left === "outcome") options.onOutcome(effect.payment, effect.settled);
    }
  };
}

function orderOf(message: Message): Order {
  if (message.type === "ChargePayment" || message.type === "RefundPayment") return message;
  throw new Error(`${message.type} is not addressed to payment`);
}

/**
 * The usual case, charges of sagas that are new here, costs one statement for all of them; what is
 * left is taken one by one, in the order of the sagas, so that two of us rarely wait in a circle.
 */
async function takeAll(
  tx: PaymentTransaction,
  orders: readonly Order[],
  ids: IdSource | undefined,
): Promise<readonly Effect[]> {
  const charges = new Map<string, ChargeOrdered>();
  for (const order of orders) {
    if (order.type === "ChargePayment" && !charges.has(order.sagaId)) {
      charges.set(order.sagaId, order);
    }
  }
  // Written first and looked at second: of two orders at once, one writes and the other meets it.
  const opened = await tx.insertPending([...charges.values()].map((one) => ordered(one, ids)));
  const left = orders.filter((order) => {
    return charges.get(order.sagaId) !== order || !opened.has(order.sagaId);
  });
  const effects: Effect[] = opened.size > 0 ? [WORK] : [];
  for (const order of left.toSorted((a, b) => (a.sagaId < b.sagaId ? -1 : 1))) {
    const taken =
      order.type === "ChargePayment" ? chargeAgain(tx, order) : refundOrdered(tx, order, ids);
    effects.push(await taken);
  }
  return effects;
}

async function chargeAgain(tx: PaymentTransaction, order: ChargeOrdered): Promise<Effect> {
  const known = await tx.lockBySaga(order.sagaId);
  return known && onChargeOrdered(known) === "repeat"
    ? { left: "outcome", payment: known, settled: false }
    : NOTHING;
}

async function refundOrdered(
  tx: PaymentTransaction,
  message: RefundOrdered,
  ids: IdSource | undefined,
): Promise<Effect> {
  const entombed = await tx.insertTombstone(ordered(message, ids), CANCELLED_BEFORE_CHARGE);
  if (entombed) return { left: "outcome", payment: entombed, settled: true };
  const known = await tx.lockBySaga(message.sagaId);
  if (!known) throw new Error(`the payment of ${message.sagaId} vanished`);
  switch (onRefundOrdered(known)) {
    case "fail": {
      const failed = await tx.failPending(known.id, CANCELLED_BEFORE_CHARGE);
      return failed ? { left: "outcome", payment: failed, settled: true } : NOTHING;
    }
    case "order":
      await tx.orderRefund(known.id);
      return WORK;
    case "repeat":
      return { left: "outcome", payment: known, settled: false };
    case "wait":
      return NOTHING;
    case "entomb":
      throw new Error(`${known.id} is there and cannot be entombed`);
  }
}

function ordered({ sagaId, data }: Order, ids: IdSource | undefined): NewPayment {
  const { reservationId, userId, amountCents } = data;
  return { id: newPaymentId(ids), sagaId, reservationId, userId, amountCents };
}
