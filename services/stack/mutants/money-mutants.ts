/** Sins of messages and of money. */
import type { Bus } from "../../common/bus/bus.ts";
import type { Message } from "../../common/contracts/messages.ts";
import { newMessageId, newSagaId, uuid } from "../../common/ids.ts";
import type { PaymentProvider } from "../../payment/provider.ts";
import type { decide } from "../../saga/booking-saga.ts";
import { override } from "./override.ts";
import type { Spoils } from "./plant-mutant.ts";

type Rules = typeof decide;

const provider = (spoil: (honest: PaymentProvider) => Partial<PaymentProvider>): Spoils => ({
  "payment.provider": (honest: PaymentProvider) => override(honest, spoil(honest)),
});

/** True for one saga in `of`, and always for the same ones. */
function chosen(sagaId: string, of: number): boolean {
  let sum = 0;
  for (let at = 0; at < sagaId.length; at += 1) sum += sagaId.charCodeAt(at);
  return sum % of === 0;
}

const EVERY = 8;

/** Some messages of one type are taken, and go nowhere. */
const dropped = (type: Message["type"]): Spoils => ({
  bus: (bus: Bus) =>
    override(bus, {
      publish: async (message) => {
        if (message.type === type && chosen(message.sagaId, EVERY)) return;
        return bus.publish(message);
      },
    }),
});

const ghosts: Spoils = {
  bus: (bus: Bus) =>
    override(bus, {
      async publish(message) {
        if (message.type === "ChargePayment" && chosen(message.sagaId, EVERY)) {
          const ids = { messageId: newMessageId(uuid), sagaId: newSagaId(uuid) };
          await bus.publish({ ...message, ...ids });
        }
        return bus.publish(message);
      },
    }),
};

const lateMoneyKept =
  (honest: Rules): Rules =>
  (state, event) => {
    const decision = honest(state, event);
    if (event.type === "PaymentCompleted" && state && state.at !== "charging") {
      return { does: "stay", note: "" };
    }
    if (state?.at !== "charging" || event.type !== "deadlinePassed") return decision;
    if (decision.does !== "go" || decision.to.at !== "cancelling") return decision;
    return { ...decision, to: { ...decision.to, money: "none" }, send: ["CancelReservation"] };
  };

export const MONEY_MUTANTS = {
  "P1-ghost-charge": () => ghosts,
  "P2-charged-twice": () =>
    provider((honest) => ({
      async charge(request, signal) {
        if (chosen(request.sagaId, EVERY)) {
          await honest.charge({ ...request, key: `${request.key}-again` }, signal);
        }
        return honest.charge(request, signal);
      },
    })),
  "P3-charged-and-failed": () =>
    provider((honest) => ({
      async charge(request, signal) {
        const answer = await honest.charge(request, signal);
        const lost = answer.result === "captured" && chosen(request.sagaId, EVERY);
        return lost ? { result: "declined", reason: "the outcome was not published" } : answer;
      },
    })),
  "P4-late-money-kept": (): Spoils => ({ "saga.rules": lateMoneyKept }),
  "P5-order-dropped": () => dropped("ConfirmReservation"),
  "P5-booking-dropped": () => dropped("ReservationCreated"),
  "P6-refund-believed": () =>
    provider(() => ({
      refund: async () => ({ result: "refunded", refundId: `re_${uuid()}` }),
      forbid: async () => ({ result: "forbidden" }),
    })),
};
