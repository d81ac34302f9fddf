/** Takes the saga's orders: inbox mark, change and answer in one transaction, and no call to the provider. */
import type { Clock } from "../common/clock.ts";
import type { Message, MessageOf } from "../common/contracts/messages.ts";
import type { Database, Transaction } from "../common/database.ts";
import { newPaymentId } from "../common/ids.ts";
import { firstTime, putMessages } from "../common/outbox/outbox-store.ts";
import { CANCELLED_BEFORE_CHARGE, onChargeOrdered, onRefundOrdered } from "./charge.ts";
import { outcomeMessage } from "./payment-messages.ts";
import {
  failPending,
  insertPending,
  insertTombstone,
  lockBySaga,
  type NewPayment,
  orderRefund,
  type StoredPayment,
} from "./payment-store.ts";

export interface PaymentOrdersOptions {
  readonly database: Database;
  readonly clock: Clock;
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
    const effect = await options.database.transaction(async (tx) => {
      if (!(await firstTime(tx, message.messageId))) return NOTHING;
      const done = await (message.type === "ChargePayment"
        ? chargeOrdered(tx, message)
        : refundOrdered(tx, message));
      if (done.left === "outcome") {
        await putMessages(tx, [outcomeMessage(done.payment, options.clock)]);
      }
      return done;
    });
    if (effect.left === "work") options.onWork();
    if (effect.left === "outcome") options.onOutcome(effect.payment, effect.settled);
  };
}

async function chargeOrdered(
  tx: Transaction,
  message: MessageOf<"ChargePayment">,
): Promise<Effect> {
  // Written first and looked at second: of two orders at once, one writes and the other meets it.
  if (await insertPending(tx, ordered(message))) return WORK;
  const known = await lockBySaga(tx, message.sagaId);
  const order = onChargeOrdered(known);
  return order === "repeat" && known
    ? { left: "outcome", payment: known, settled: false }
    : NOTHING;
}

async function refundOrdered(
  tx: Transaction,
  message: MessageOf<"RefundPayment">,
): Promise<Effect> {
  const entombed = await insertTombstone(tx, ordered(message), CANCELLED_BEFORE_CHARGE);
  if (entombed) return { left: "outcome", payment: entombed, settled: true };
  const known = await lockBySaga(tx, message.sagaId);
  if (!known) throw new Error(`the payment of ${message.sagaId} vanished`);
  switch (onRefundOrdered(known)) {
    case "fail": {
      const failed = await failPending(tx, known.id, CANCELLED_BEFORE_CHARGE);
      return failed ? { left: "outcome", payment: failed, settled: true } : NOTHING;
    }
    case "order":
      await orderRefund(tx, known.id);
      return WORK;
    case "repeat":
      return { left: "outcome", payment: known, settled: false };
    case "wait":
      return NOTHING;
    case "entomb":
      throw new Error(`${known.id} is there and cannot be entombed`);
  }
}

function ordered(message: MessageOf<"ChargePayment"> | MessageOf<"RefundPayment">): NewPayment {
  const { reservationId, userId, amountCents } = message.data;
  return { id: newPaymentId(), sagaId: message.sagaId, reservationId, userId, amountCents };
}
