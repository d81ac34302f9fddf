/** The comparison with Stripe's statement: charges by hand, refunds by hand, and an outage. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Payment, Reconciliation } from "../../common/contracts/payment.ts";
import { eventually } from "../../common/testing/service-harness.ts";
import { booking, chargeOrder, send } from "../payment-test-aids.ts";
import { type StripeStack, startStripePayments } from "./testing/stripe-stack.ts";

let stack: StripeStack;

test.before(async () => {
  stack = await startStripePayments();
});

test.after(() => stack.stop());

const reconciliation = () => {
  const until = new Date(Date.now() + 60_000).toISOString();
  return stack.http<Reconciliation & { code: string; detail: string }>(
    "payment",
    `/api/admin/reconciliation?until=${until}`,
    { token: stack.admin },
  );
};

test("what somebody did by hand at Stripe is named; a sale of several pages without it is clean", async () => {
  for (let id = 1; id <= 120; id += 1) await send(stack.bus, chargeOrder(booking(id)));
  await eventually(
    async () => stack.heard.length,
    (count) => count === 120,
    20_000,
  );
  const clean = await reconciliation();
  assert.equal(clean.body.differences, []);
  assert.is(clean.body.charges, 120);

  const { books } = stack.server;
  const path = "/api/payments?reservationId=3";
  const [payment] = (await stack.http<Payment[]>("payment", path, { token: stack.admin })).body;
  books.refund(payment?.transactionId ?? "", 4_990, {});
  books.foreignCharge({});
  books.foreignCharge({ metadata: { sagaId: "saga_4" }, payment_intent: "pi_second" });
  books.foreignCharge({ metadata: { sagaId: "saga_nobody" }, currency: "usd" });
  books.foreignCharge({ status: "failed", captured: false });
  const { body } = await reconciliation();
  assert.equal(body.differences.map(({ kind, sagaId }) => `${kind} ${sagaId}`).sort(), [
    "chargedTwice saga_4",
    "refundedOnlyThere saga_3",
    "unknownToUs null",
    "unknownToUs saga_nobody",
  ]);
});

test("while Stripe does not answer, nothing is concluded", async () => {
  stack.server.fault = () => ({ do: "refuse", status: 503 });
  const { status, body } = await reconciliation();
  assert.is(status, 503);
  assert.is(body.code, "UNAVAILABLE");
  assert.match(body.detail, "statement cannot be read");
  stack.server.fault = () => undefined;
});

test.run();
