/** Takes the saga's orders: inbox mark, change and answer in one transaction, and no call to the provider. */
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

/** The handler for `bus.consume("payment", …)`. Rejects when nothing was committed. */
export function paymentOrders(options: PaymentOrdersOptions): (message: Message) => Promise<void> {
  return async (message) => {
    if (message.type !== "ChargePayment" && message.type !== "RefundPayment") {
      throw new Error(`${message.type} is not addressed to payment`);
    }
    const effect = await options.books.transaction(async (tx) => {
      if (!(await tx.firstTime(message.messageId))) return NOTHING;
      const done = await (message.type === "ChargePayment"
        ? chargeOrdered(tx, message, options.ids)
        : refundOrdered(tx, message, options.ids));
      if (done.left === "outcome") {
        await tx.putMessages([outcomeMessage(done.payment, options.clock, options.ids)]);
      }
      return done;
    });
    if (effect.left === "work") options.onWork();
    if (effect.left === "outcome") options.onOutcome(effect.payment, effect.settled);
  };
}

async function chargeOrdered(
  tx: PaymentTransaction,
  message: MessageOf<"ChargePayment">,
  ids: IdSource | undefined,
): Promise<Effect> {
  // Written first and looked at second: of two orders at once, one writes and the other meets it.
  if (await tx.insertPending(ordered(message, ids))) return WORK;
  const known = await tx.lockBySaga(message.sagaId);
  const order = onChargeOrdered(known);
  return order === "repeat" && known
    ? { left: "outcome", payment: known, settled: false }
    : NOTHING;
}

async function refundOrdered(
  tx: PaymentTransaction,
  message: MessageOf<"RefundPayment">,
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

function ordered(
  message: MessageOf<"ChargePayment"> | MessageOf<"RefundPayment">,
  ids: IdSource | undefined,
): NewPayment {
  const { reservationId, userId, amountCents } = message.data;
  return { id: newPaymentId(ids), sagaId: message.sagaId, reservationId, userId, amountCents };
}
