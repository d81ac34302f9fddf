/** What an operator reads about payments. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { differenceLine, paymentText, reconciledText } from "./payment-text.ts";

const PERIOD = { since: "2026-01-01T00:00:00.000Z", until: "2026-01-02T00:00:00.000Z" };

test("a difference is one line: its kind, what is wrong, and whom it is about", () => {
  assert.is(
    differenceLine({
      kind: "amountDiffers",
      paymentId: "pay_1",
      reservationId: 12,
      sagaId: "saga_1",
      transactionId: "txn_1",
      detail: "49.90 eur here, the provider captured 59.90 eur",
    }),
    "amountDiffers        49.90 eur here, the provider captured 59.90 eur  (pay_1, saga_1, reservation 12, txn_1)",
  );
  assert.match(
    differenceLine({
      kind: "unknownToUs",
      paymentId: null,
      reservationId: null,
      sagaId: null,
      transactionId: "txn_9",
      detail: "who is this",
    }),
    /\(txn_9\)$/,
  );
});

test("a reconciliation says what it looked at, and what is still open", () => {
  const found = { ...PERIOD, payments: 1, charges: 1, open: 0, differences: [] };
  assert.is(
    reconciledText(found),
    `no difference from ${PERIOD.since} to ${PERIOD.until}: 1 payment here, 1 charge at the provider`,
  );
  assert.match(reconciledText({ ...found, open: 2 }), /; 2 open$/);
});

test("a payment shows what there is of it, and nothing that is not", () => {
  const text = paymentText({
    id: "pay_1",
    sagaId: "saga_1",
    reservationId: 12,
    userId: 7,
    amount: 49.9,
    status: "PROCESSING",
    transactionId: null,
    failureReason: null,
    createdAt: PERIOD.since,
    completedAt: null,
  });
  assert.match(text, /^payment pay_1\n {2}status {7}PROCESSING\n {2}amount {7}49\.90\n/);
  assert.not.match(text, "transaction");
});

test.run();
