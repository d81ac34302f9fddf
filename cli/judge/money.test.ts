/** The money judge: confirmed is paid once and exactly, cancelled is net zero, nobody else pays. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeMoney } from "./money.ts";
import { BooksBuilder, RunBuilder } from "./testing.ts";

const run = new RunBuilder();
const history = run.history();
const books = (): BooksBuilder => new BooksBuilder(run.sale);

function brokenWith(made: BooksBuilder, words: string): void {
  const verdict = judgeMoney(history, made.ledger());
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses.map((one) => one.words).join("\n"), words);
}

test("confirmed and paid, cancelled and free, cancelled and refunded are fine", () => {
  const made = books()
    .book(1, { quantity: 2 })
    .book(2, { status: "CANCELLED" })
    .book(3, { status: "CANCELLED", charges: [5000], refunds: [5000], payments: ["REFUNDED"] })
    .book(4, { status: "CANCELLED", payments: ["FAILED"] });
  const verdict = judgeMoney(history, made.ledger());
  assert.is(verdict.verdict, "valid");
  assert.match(verdict.because, "4 ended reservations against 3 entries at the provider");
});

test("no books, or nothing ended, is unknown", () => {
  assert.is(judgeMoney(history, undefined).verdict, "unknown");
  assert.is(judgeMoney(history, books().ledger()).verdict, "unknown");
  const open = books().book(1, { status: "PENDING", charges: [5000] });
  assert.is(judgeMoney(history, open.ledger()).verdict, "unknown");
});

test("confirmed without a charge is broken", () => {
  brokenWith(books().book(1, { charges: [] }), "is CONFIRMED without a charge");
});

test("confirmed with the wrong amount is broken", () => {
  brokenWith(books().book(1, { charges: [4999] }), "for 50.00 and was charged 49.99");
});

test("confirmed and refunded is broken", () => {
  brokenWith(books().book(1, { refunds: [1] }), "is CONFIRMED and was refunded 0.01");
});

test("confirmed with our payment not completed, or completed twice, is broken", () => {
  brokenWith(books().book(1, { payments: ["FAILED"] }), "0 completed payments (FAILED)");
  brokenWith(books().book(1, { payments: ["COMPLETED", "COMPLETED"] }), "2 completed payments");
});

test("two charges for one saga are broken, even when one went home again", () => {
  const twice = books().book(1, { charges: [5000, 5000], refunds: [5000] });
  brokenWith(twice, "reservation 1 (saga saga-1) was charged 2 times: 50.00 + 50.00");
});

test("cancelled and not refunded is broken", () => {
  const kept = books().book(1, { status: "CANCELLED", charges: [5000], payments: ["FAILED"] });
  brokenWith(kept, "is CANCELLED, was charged 50.00 and refunded 0.00");
  const books2 = books().book(1, { status: "CANCELLED", payments: ["COMPLETED"] });
  brokenWith(books2, "still COMPLETED");
});

test("refunded more than charged is broken", () => {
  const made = books().book(1, { status: "CANCELLED", charges: [5000], refunds: [5000, 5000] });
  brokenWith(made, "was refunded 100.00 of 50.00 charged");
});

test("a charge that no reservation has is a ghost, once the books are at rest", () => {
  const made = books().book(1).charge("saga-x", 5000);
  brokenWith(made, "ghost charge of 50.00: no reservation has saga saga-x");
  const early = made.ledger({ settled: false, settleSeconds: 3 });
  assert.is(judgeMoney(history, early).verdict, "valid");
});

test("a wrong price is broken", () => {
  const made = books().book(1, { quantity: 2, totalPriceCents: 5000 });
  brokenWith(made, "costs 50.00 instead of 2 × 50.00 = 100.00");
});

test("what is still under way is left out", () => {
  const made = books()
    .book(1)
    .book(2, { status: "CANCELLED", saga: "REFUNDING", charges: [5000], payments: ["COMPLETED"] })
    .book(3, { status: "CANCELLED", payments: ["PROCESSING"] });
  const verdict = judgeMoney(history, made.ledger({ settled: false }));
  assert.is(verdict.verdict, "valid");
  assert.match(verdict.because, "1 ended reservation against 2 entries");
  assert.match(verdict.because, "1 payment still on the way");
});

test.run();
