/** The money equation under everything at once: a faulty bus, a faulty provider, orders in any order and number. */
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Message } from "../common/contracts/messages.ts";
import { FaultyBus } from "../common/testing/faulty-bus.ts";
import { eventually } from "../common/testing/service-harness.ts";
import {
  behave,
  booking,
  chargeOrder,
  ledger,
  type PaymentStack,
  refundOrder,
  send,
  startPayments,
  told,
} from "./payment-test-aids.ts";

const SAGAS = 120;
const SEED = 20_260;

/** 0 ≤ x < 1 from a seed, so that a storm repeats. */
function seeded(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => (generator.next() >>> 0) / 2 ** 32;
}

/** What is ordered for one saga, in the order of sending. */
function ordersOf(reservationId: number, random: () => number): readonly Message[] {
  const one = booking(reservationId, 100 + Math.floor(random() * 100_000));
  const charge = chargeOrder(one);
  const refund = refundOrder(one);
  const orders: Message[] =
    random() < 0.5 ? [charge] : random() < 0.3 ? [refund, charge] : [charge, refund];
  // A coordinator that heard nothing orders again, with a message of its own.
  if (random() < 0.4) orders.push({ ...orders[0]!, messageId: `${charge.messageId}-again` });
  if (random() < 0.4) orders.push(orders.at(-1)!);
  return orders;
}

async function sendAll(stack: PaymentStack, orders: readonly Message[], random: () => number) {
  await Promise.all(
    orders.map(async (message) => {
      await new Promise((resolve) => setTimeout(resolve, random() * 400));
      await send(stack.bus, message);
    }),
  );
}

test("for every saga the provider's charges less refunds are what our payment says", async () => {
  const random = seeded(SEED);
  const stack = await startPayments({
    bus: (bus) => new FaultyBus(bus, { lostAcks: 0.3, duplicates: 0.3, delayMs: 40, random }),
    settings: {
      PAYMENT_SEED: String(SEED),
      PAYMENT_FAILURE_PERCENT: "15",
      PAYMENT_SILENT_PERCENT: "10",
      PAYMENT_LATE_PERCENT: "15",
      PAYMENT_LATE_MS: "350",
      PAYMENT_MAX_LATENCY_MS: "60",
      PAYMENT_TIMEOUT_MS: "150",
    },
  });
  try {
    const storm = Array.from({ length: SAGAS }, (_, index) => ordersOf(index + 1, random));
    await Promise.all(storm.map((orders) => sendAll(stack, orders, random)));
    await behave(stack, { silentPercent: 0 });
    const settled = await eventually(
      () => ledger(stack),
      ({ payments }) => payments.length === SAGAS && payments.every((one) => hasEnded(storm, one)),
      20_000,
    );
    await eventually(
      async () => settled.payments.filter((one) => !toldOf(stack, one)).map(({ sagaId }) => sagaId),
      (untold) => untold.length === 0,
    );
    for (const one of settled.payments) {
      const lines = settled.provider.filter((line) => line.sagaId === one.sagaId);
      const charges = lines.filter((line) => line.type === "charge");
      const refunds = lines.filter((line) => line.type === "refund");
      assert.ok(charges.length <= 1 && refunds.length <= 1, one.sagaId);
      assert.ok(
        lines.every((line) => line.amount === one.amount),
        one.sagaId,
      );
      const net = charges.length - refunds.length;
      assert.is(net, one.status === "COMPLETED" ? 1 : 0, `${one.sagaId} ${one.status}`);
    }
    // A storm in which nothing of a kind happened would prove nothing about it.
    const kinds = new Set(settled.payments.map(({ status }) => status));
    assert.equal([...kinds].sort(), ["COMPLETED", "FAILED", "REFUNDED"]);
  } finally {
    await stack.stop();
  }
});

interface Row {
  readonly sagaId: string;
  readonly reservationId: number;
  readonly status: string;
}

/** An ordered refund leaves only the two ends that are net zero. */
function hasEnded(storm: readonly (readonly Message[])[], { reservationId, status }: Row): boolean {
  const refunded = storm[reservationId - 1]!.some(({ type }) => type === "RefundPayment");
  return status === "FAILED" || status === "REFUNDED" || (status === "COMPLETED" && !refunded);
}

/** True once the saga has heard of the payment's end, and of nothing that is not true. */
function toldOf(stack: PaymentStack, { sagaId, status }: Row): boolean {
  const types = new Set<string>(told(stack, sagaId));
  if (status === "FAILED") return types.size === 1 && types.has("PaymentFailed");
  if (types.has("PaymentFailed")) return false;
  return types.has(status === "COMPLETED" ? "PaymentCompleted" : "PaymentRefunded");
}

test.run();
