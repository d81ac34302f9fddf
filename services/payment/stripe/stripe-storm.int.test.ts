/** The money equation with Stripe: redelivery, lost connections, outages, forgotten keys, and the service stopped in the middle. */
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Message } from "../../common/contracts/messages.ts";
import type { Payment, Reconciliation } from "../../common/contracts/payment.ts";
import { FaultyBus } from "../../common/testing/faulty-bus.ts";
import { eventually } from "../../common/testing/service-harness.ts";
import { booking, chargeOrder, refundOrder, send } from "../payment-test-aids.ts";
import { movedBy } from "./testing/stripe-scene.ts";
import { type Fault, StripeServer } from "./testing/stripe-server.ts";
import { type StripeStack, startStripePayments } from "./testing/stripe-stack.ts";

const SAGAS = 90;
const SEED = 20_261;

/** 0 ≤ x < 1 from a seed, so that a storm repeats. */
function seeded(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => (generator.next() >>> 0) / 2 ** 32;
}

/** One request in four meets one of these. */
const FAULTS: readonly Fault[] = [
  { do: "dropBefore" },
  { do: "dropAfter" },
  { do: "dropAfter" },
  { do: "refuse", status: 429 },
  { do: "refuse", status: 503 },
  { do: "break", acts: true },
  { do: "break", acts: false },
];

function ordersOf(reservationId: number, random: () => number): readonly Message[] {
  const one = booking(reservationId, 100 + Math.floor(random() * 100_000));
  const charge = chargeOrder(one);
  const orders: Message[] =
    random() < 0.5
      ? [charge]
      : random() < 0.3
        ? [refundOrder(one), charge]
        : [charge, refundOrder(one)];
  if (random() < 0.4) orders.push({ ...charge, messageId: `${charge.messageId}-again` });
  if (random() < 0.4) orders.push(orders.at(-1)!);
  return orders;
}

async function paymentsOf(stack: StripeStack): Promise<readonly Payment[]> {
  const all: Payment[] = [];
  for (let id = 1; id <= SAGAS; id += 1) {
    const path = `/api/payments?reservationId=${id}`;
    all.push(...(await stack.http<Payment[]>("payment", path, { token: stack.admin })).body);
  }
  return all;
}

test("each saga is charged once at most, and Stripe's books are ours, whatever fails", async () => {
  const random = seeded(SEED);
  const server = new StripeServer();
  await server.start();
  const options = {
    server,
    bus: (bus: ConstructorParameters<typeof FaultyBus>[0]) =>
      new FaultyBus(bus, { lostAcks: 0.3, duplicates: 0.3, delayMs: 20, random }),
    settings: { PAYMENT_TIMEOUT_MS: "1000" },
  };
  const storm = Array.from({ length: SAGAS }, (_, index) => ordersOf(index + 1, random));
  const sendTo = (stack: StripeStack, messages: readonly Message[]) =>
    Promise.all(messages.map((message) => send(stack.bus, message)));
  server.fault = () => (random() < 0.25 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined);

  let stack = await startStripePayments(options);
  try {
    // Refunds come later, most of them: of charges that are done, unknown, or on their way.
    await sendTo(
      stack,
      storm.map(([first]) => first!),
    );
    await eventually(
      async () => server.books.charges.length,
      (charges) => charges > SAGAS / 3,
    );
    // Stopped with calls on their way, twice; between the two Stripe forgets every key.
    for (const _ of [1, 2]) {
      await stack.stop({ keepDatabase: true });
      server.passDay();
      stack = await startStripePayments({ ...options, database: stack.database });
      await sendTo(stack, storm.flat());
    }
    server.fault = () => undefined;
    const refunded = new Set(
      storm.flat().flatMap(({ type, sagaId }) => (type === "RefundPayment" ? [sagaId] : [])),
    );
    const payments = await eventually(
      () => paymentsOf(stack),
      (all) =>
        all.length === SAGAS &&
        all.every(({ sagaId, status }) =>
          refunded.has(sagaId) ? /FAILED|REFUNDED/.test(status) : status === "COMPLETED",
        ),
      60_000,
    );
    for (const { sagaId, status, amount } of payments) {
      const { charges, netCents } = movedBy(server, sagaId);
      assert.ok(charges <= 1, `${sagaId} was charged ${charges} times`);
      assert.is(netCents, status === "COMPLETED" ? Math.round(amount * 100) : 0, sagaId);
    }
    assert.ok(
      payments.some(({ status }) => status === "REFUNDED"),
      "some money went back",
    );
    // The server's clock is days ahead by now: the period is by the provider's.
    const query = `?since=2020-01-01T00:00:00Z&until=${new Date((server.now() + 60) * 1_000).toISOString()}`;
    const { body } = await stack.http<Reconciliation>(
      "payment",
      `/api/admin/reconciliation${query}`,
      { token: stack.admin },
    );
    assert.equal(body.differences, []);
    assert.is(body.payments, SAGAS);
    assert.is(body.open, 0);
  } finally {
    await stack.stop();
    await server.stop();
  }
});

test.run();
