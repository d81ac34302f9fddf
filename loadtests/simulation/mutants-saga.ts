/** Defects of messages, of the saga and of payments. */
import type { OutboxRows } from "../../services/common/outbox/outbox-rows.ts";
import type { PaymentTransaction } from "../../services/payment/payment-books.ts";
import { decide } from "../../services/saga/booking-saga.ts";
import type { Defect } from "./defects.ts";

type Rules = typeof decide;

const stay = { does: "stay", note: "" } as const;

function rules(change: (honest: Rules) => Rules): Defect {
  return { rules: change(decide) };
}

function payments(change: (tx: PaymentTransaction) => Partial<PaymentTransaction>): Defect {
  return {
    paymentBooks: (books) => ({
      claimDue: (limit, leaseSeconds) => books.claimDue(limit, leaseSeconds),
      transaction: (work) => books.transaction((tx) => work({ ...tx, ...change(tx) })),
    }),
  };
}

function outbox(change: (rows: OutboxRows) => Partial<OutboxRows>): Defect {
  return { outboxRows: (rows) => ({ ...rows, ...change(rows) }) };
}

const MESSAGE_MUTANTS: Readonly<Record<string, Defect>> = {
  "a message is marked as sent before it is": outbox((rows) => ({
    async claim(limit, leaseSeconds) {
      const claimed = await rows.claim(limit, leaseSeconds);
      if (claimed.length > 0)
        await rows.markSent(
          claimed.map((one) => one.message),
          new Map(),
        );
      return claimed;
    },
  })),
  "a message that was refused is skipped": outbox((rows) => ({
    postpone: (messageId) =>
      rows.markSent([{ messageId } as Parameters<OutboxRows["markSent"]>[0][number]], new Map()),
  })),
  "a lease of the dead never ends": outbox((rows) => ({
    claim: (limit) => rows.claim(limit, 1_000_000_000),
  })),
  "a message is believed delivered when it is sent": {
    bus: (bus) => ({
      publish: async (message) => void bus.publish(message).catch(() => {}),
      consume: (service, handler) => bus.consume(service, handler),
      close: () => bus.close(),
    }),
  },
  "a message is acknowledged before its effects": {
    handler: (handler) => async (message) => void handler(message).catch(() => {}),
  },
  "there is no inbox": {
    sagaBooks: (books) => ({
      transaction: (work) =>
        books.transaction((tx) =>
          work({
            ...tx,
            async firstTimes(ids) {
              await tx.firstTimes(ids);
              return new Set(ids);
            },
          }),
        ),
    }),
  },
  "the inbox mark is committed before the effects": {
    sagaBooks: (books) => ({
      transaction: (work) =>
        books.transaction((tx) =>
          work({
            ...tx,
            firstTimes: (ids) => books.transaction((other) => other.firstTimes(ids)),
          }),
        ),
    }),
  },
};

const RULE_MUTANTS: Readonly<Record<string, Defect>> = {
  // Either alone is made good by the other.
  "a timeout forgets the money, and late money is kept": rules((honest) => (state, event) => {
    const decision = honest(state, event);
    if (event.type === "PaymentCompleted" && state && state.at !== "charging") return stay;
    if (state?.at !== "charging" || event.type !== "deadlinePassed") return decision;
    if (decision.does !== "go" || decision.to.at !== "cancelling") return decision;
    return { ...decision, to: { ...decision.to, money: "none" }, send: ["CancelReservation"] };
  }),
  "a cancelled confirmed booking is not refunded": rules(
    (honest) => (state, event) => (state?.at === "completed" ? stay : honest(state, event)),
  ),
  "the tombstone is overlooked": rules((honest) => (state, event) => {
    const overlooked =
      event.type === "ReservationCreated" &&
      (state?.at === "compensated" || state?.at === "refunding");
    return honest(overlooked ? undefined : state, event);
  }),
  "the refund is believed before it is answered": rules((honest) => (state, event) => {
    const decision = honest(state, event);
    if (decision.does !== "go" || decision.to.at !== "refunding") return decision;
    return { ...decision, to: { at: "compensated", because: "" }, send: [] };
  }),
  "a failed payment is confirmed all the same": rules(
    (honest) => (state, event) =>
      state?.at === "charging" && event.type === "PaymentFailed"
        ? { does: "go", to: { at: "confirming" }, send: ["ConfirmReservation"], note: "" }
        : honest(state, event),
  ),
  "nothing is done about silence": rules(
    (honest) => (state, event) => (event.type === "deadlinePassed" ? stay : honest(state, event)),
  ),
};

let calls = 0;
/** A key that no other call has. */
function freshKey(key: string): string {
  calls += 1;
  return `${key} ${calls}`;
}

const PAYMENT_MUTANTS: Readonly<Record<string, Defect>> = {
  "a charge has a new key each time": {
    provider: (provider) => ({
      ...provider,
      charge: (request, signal) =>
        provider.charge({ ...request, key: freshKey(request.key) }, signal),
    }),
  },
  "a refund has a new key each time": {
    provider: (provider) => ({
      ...provider,
      refund: (request, signal) =>
        provider.refund({ ...request, key: freshKey(request.key) }, signal),
    }),
  },
  "silence of the provider is a failed charge": {
    provider: (provider) => ({
      ...provider,
      charge: (request, signal) =>
        Promise.race([
          provider.charge(request, signal).catch(() => declined),
          new Promise<typeof declined>((resolve) => {
            signal.addEventListener("abort", () => resolve(declined), { once: true });
          }),
        ]),
    }),
  },
  "absent now is taken for never charged": {
    provider: (provider) => ({
      ...provider,
      forbid: async () => ({ result: "forbidden" }),
    }),
  },
  "the sum that is charged is not the exact one": {
    provider: (provider) => ({
      ...provider,
      charge: (request, signal) =>
        provider.charge({ ...request, amountCents: request.amountCents - 1 }, signal),
    }),
  },
  "a refund of an unknown payment leaves no tombstone": payments(() => ({
    insertTombstone: async (payment, failureReason) => ({
      ...{ ...payment, status: "FAILED", transactionId: null, failureReason, attempts: 0 },
      ...{ refundOrdered: false, createdAt: "", completedAt: null },
    }),
    lockBySaga: async () => undefined,
  })),
  "a refund that is ordered during the charge is forgotten": payments(() => ({
    orderRefund: async () => {},
  })),
  "an outcome is written and not told": payments(() => ({ putMessages: async () => {} })),
};

const declined = { result: "declined", reason: "no answer" } as const;

export const SAGA_MUTANTS: Readonly<Record<string, Defect>> = {
  ...MESSAGE_MUTANTS,
  ...RULE_MUTANTS,
  ...PAYMENT_MUTANTS,
};
