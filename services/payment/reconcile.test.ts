/** The comparison as a table: a payment here, a charge there, and what is wrong between them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { StatementEntry } from "./provider.ts";
import { type OwnPayment, reconcile } from "./reconcile.ts";

function ours(change: Partial<OwnPayment> = {}): OwnPayment {
  return {
    id: "pay_1",
    sagaId: "saga_1",
    reservationId: 12,
    amountCents: 4_990,
    status: "COMPLETED",
    transactionId: "txn_1",
    refundOrdered: false,
    overdue: false,
    inPeriod: true,
    ...change,
  };
}

function theirs(change: Partial<StatementEntry> = {}): StatementEntry {
  return {
    transactionId: "txn_1",
    sagaId: "saga_1",
    amountCents: 4_990,
    refundedCents: 0,
    currency: "eur",
    at: "2026-01-01T00:00:00.000Z",
    ...change,
  };
}

const open = (change: Partial<OwnPayment> = {}) =>
  ours({ status: "PROCESSING", transactionId: null, ...change });
const refunded = (change: Partial<OwnPayment> = {}) =>
  ours({ status: "REFUNDED", refundOrdered: true, ...change });

test("an honest sale has no difference, whatever its payments came to", () => {
  const payments = [
    ours(),
    refunded({ id: "pay_2", sagaId: "saga_2", transactionId: "txn_2" }),
    ours({ id: "pay_3", sagaId: "saga_3", transactionId: null, status: "FAILED" }),
  ];
  const entries = [
    theirs(),
    theirs({ sagaId: "saga_2", transactionId: "txn_2", refundedCents: 4_990 }),
  ];
  assert.equal(reconcile(payments, entries, "eur"), { differences: [], open: 0 });
  assert.equal(reconcile([], [], "eur"), { differences: [], open: 0 });
});

test("money on its way is open, and no difference", () => {
  const onItsWay: readonly [OwnPayment, readonly StatementEntry[]][] = [
    [open(), []],
    [open({ status: "PENDING" }), []],
    [open(), [theirs()]],
    [open({ refundOrdered: true }), [theirs()]],
    [ours({ refundOrdered: true }), [theirs()]],
    [ours({ refundOrdered: true }), [theirs({ refundedCents: 4_990 })]],
  ];
  for (const [payment, entries] of onItsWay) {
    assert.equal(reconcile([payment], entries, "eur"), { differences: [], open: 1 });
  }
});

test("each difference is found and named in words", () => {
  const table: readonly [OwnPayment | undefined, readonly StatementEntry[], string, RegExp][] = [
    [undefined, [theirs()], "unknownToUs", /captured 49\.90 eur, a charge for saga_1; there is no/],
    [undefined, [theirs({ sagaId: null })], "unknownToUs", /a charge without a saga/],
    [ours(), [], "missingAtProvider", /COMPLETED here, but the provider has no such charge/],
    [refunded(), [], "missingAtProvider", /REFUNDED here, but/],
    [ours({ refundOrdered: true }), [], "missingAtProvider", /no such charge/],
    [ours(), [theirs({ amountCents: 5_990 })], "amountDiffers", /49\.90 eur here, .* 59\.90 eur/],
    [open(), [theirs({ amountCents: 1 })], "amountDiffers", /captured 0\.01 eur/],
    [ours(), [theirs({ currency: "usd" })], "currencyDiffers", /in eur here, .* 49\.90 usd/],
    [ours(), [theirs(), theirs({ transactionId: "txn_2" })], "chargedTwice", /a second charge/],
    [open(), [theirs(), theirs({ transactionId: "txn_2" })], "chargedTwice", /a second charge/],
    [
      ours({ status: "FAILED", transactionId: null }),
      [theirs()],
      "chargedButFailed",
      /FAILED here, but the provider captured 49\.90 eur$/,
    ],
    [ours(), [theirs({ refundedCents: 990 })], "refundedOnlyThere", /gave 9\.90 eur back/],
    [refunded(), [theirs()], "refundedOnlyHere", /gave nothing back/],
    [
      refunded(),
      [theirs({ refundedCents: 990 })],
      "refundAmountDiffers",
      /9\.90 eur of 49\.90 eur/,
    ],
    [refunded(), [theirs({ refundedCents: 9_980 })], "refundAmountDiffers", /99\.80 eur of 49/],
    [open({ overdue: true }), [], "openTooLong", /PROCESSING since long after its charge/],
    [
      ours({ refundOrdered: true, overdue: true }),
      [theirs()],
      "openTooLong",
      /COMPLETED since long after its refund/,
    ],
  ];
  for (const [payment, entries, kind, words] of table) {
    const { differences } = reconcile(payment ? [payment] : [], entries, "eur");
    assert.equal(
      differences.map((one) => one.kind),
      [kind],
    );
    assert.match(differences[0]?.detail ?? "", words);
    assert.is(differences[0]?.paymentId, payment?.id ?? null);
    assert.is(differences[0]?.reservationId, payment?.reservationId ?? null);
  }
});

test("a charge of another saga's payment is told by the saga, not by the place in the list", () => {
  const payments = [ours(), ours({ id: "pay_2", sagaId: "saga_2", transactionId: "txn_2" })];
  const entries = [theirs({ sagaId: "saga_2", transactionId: "txn_2" }), theirs()];
  assert.equal(reconcile(payments, entries, "eur").differences, []);
});

test("a payment of another period is compared with its charge, and missed by nobody here", () => {
  const elsewhere = ours({ inPeriod: false });
  assert.equal(reconcile([elsewhere], [], "eur"), { differences: [], open: 0 });
  assert.equal(reconcile([elsewhere], [theirs()], "eur"), { differences: [], open: 0 });
  const second = [theirs({ transactionId: "txn_2" })];
  assert.is(reconcile([elsewhere], second, "eur").differences[0]?.kind, "chargedTwice");
});

test("several things wrong with one payment are all named", () => {
  const entry = theirs({ amountCents: 5_990, refundedCents: 5_990 });
  assert.equal(
    reconcile([ours()], [entry], "eur").differences.map((one) => one.kind),
    ["amountDiffers", "refundedOnlyThere"],
  );
});

test.run();
