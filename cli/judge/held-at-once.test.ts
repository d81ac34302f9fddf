/** Seats held at once: certain only between the sale's answer and the last look that found it held. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { heldAtOnce } from "./held-at-once.ts";
import { BooksBuilder, RunBuilder } from "./testing.ts";

const products = [{ id: 1, name: "Standing", priceCents: 5000, totalStock: 1, maxPerUser: 4 }];

/** Two clients are sold the one seat; each looks once. */
function twoSales(firstLookMs: number, first: "PENDING" | "CANCELLED"): RunBuilder {
  const run = new RunBuilder({ products });
  run.reserve(0, 100, { pass: "pass_0", reservationId: 1 });
  run.reserve(1, 200, { pass: "pass_1", reservationId: 2 });
  run.follow(0, firstLookMs, 1, { reservationStatus: first });
  run.follow(1, 400, 2, { reservationStatus: "CONFIRMED" });
  return run;
}

test("both found held after both were sold is oversold, whatever became of them later", () => {
  const [witness] = heldAtOnce(twoSales(300, "PENDING").history(), undefined);
  assert.match(witness?.words ?? "", "oversold at 0.210 s: 2 seats were held at once, of 1");
  assert.equal(witness?.ops, [2]);
});

test("the first may have been given back before the second was sold", () => {
  assert.equal(heldAtOnce(twoSales(150, "PENDING").history(), undefined), []);
  assert.equal(heldAtOnce(twoSales(300, "CANCELLED").history(), undefined), []);
});

test("what lives in the books was held all the time", () => {
  const run = twoSales(300, "CANCELLED");
  const books = new BooksBuilder(run.sale).book(1).book(2).ledger();
  assert.is(heldAtOnce(run.history(), books).length, 1);
});

test("an operator who puts more on sale makes nothing oversold", () => {
  const run = twoSales(300, "PENDING");
  const grown = [{ id: 1, totalStock: 2, availableStock: 0, held: 2 }];
  const books = new BooksBuilder(run.sale).ledger({ products: grown });
  assert.equal(heldAtOnce(run.history(), books), []);
});

test("a repeated purchase holds one seat, from its first answer on", () => {
  const run = new RunBuilder({ products });
  run.reserve(0, 100, { pass: "pass_0", reservationId: 1 });
  run.reserve(0, 200, { pass: "pass_0", reservationId: 1 });
  run.follow(0, 300, 1, { reservationStatus: "CONFIRMED" });
  assert.equal(heldAtOnce(run.history(), undefined), []);
});

test.run();
