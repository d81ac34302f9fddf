/** The stock judge: each look adds up, each promise is booked, nobody turned away for nothing. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Ledger } from "./history.ts";
import { judgeStock } from "./stock.ts";
import { BooksBuilder, RunBuilder } from "./testing.ts";

function brokenWith(run: RunBuilder, ledger: Ledger | undefined, words: string): void {
  const verdict = judgeStock(run.history(), ledger);
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses.map((one) => one.words).join("\n"), words);
}

/** Ten seats; client 0 was sold two of them as reservation 1. */
function oneSale(): { run: RunBuilder; books: BooksBuilder } {
  const run = new RunBuilder();
  run.stock(0, 10, 0);
  run.reserve(0, 1000, { reservationId: 1, quantity: 2 });
  return { run, books: new BooksBuilder(run.sale).book(1, { quantity: 2 }) };
}

test("a sale that adds up is fine", () => {
  const { run, books } = oneSale();
  run.stock(2000, 8, 2);
  assert.is(judgeStock(run.history(), books.ledger()).verdict, "valid");
});

test("stock shown below nothing, or above what there was, is a sin whatever the end looks like", () => {
  const { run, books } = oneSale();
  const shownAs = (availableStock: number) => {
    const shown = [{ kind: "shown", atMs: 2_500, products: [{ id: 1, availableStock }] }] as const;
    return judgeStock({ ...run.history(), shown }, books.ledger());
  };
  assert.is(shownAs(8).verdict, "valid");
  assert.is(shownAs(10).verdict, "valid", "a page may be a little old");
  assert.is(
    shownAs(-1).witnesses[0]?.words,
    "product 1 was shown at 2.500 s with -1 available: oversold",
  );
  assert.match(shownAs(11).witnesses[0]!.words, "11 available of 10: 1 seat too many");
});

test("nothing sold, or no books, is unknown", () => {
  const idle = new RunBuilder();
  idle.stock(0, 10, 0);
  assert.is(judgeStock(idle.history(), new BooksBuilder(idle.sale).ledger()).verdict, "unknown");
  assert.is(judgeStock(oneSale().run.history(), undefined).verdict, "unknown");
});

test("oversold, lost and doubled seats show in any look at the stock", () => {
  const negative = oneSale();
  negative.run.stock(2000, -1, 11);
  brokenWith(negative.run, undefined, "product 1 was oversold at 2.000 s");
  const lost = oneSale();
  lost.run.stock(2000, 7, 2);
  brokenWith(lost.run, lost.books.ledger(), "(1 seat lost)");
  const twice = oneSale();
  const products = [{ id: 1, totalStock: 10, availableStock: 9, held: 2 }];
  brokenWith(twice.run, twice.books.ledger({ products }), "(1 seat too many)");
});

test("held seats without reservations are broken, once the books are at rest", () => {
  const { run, books } = oneSale();
  const products = [{ id: 1, totalStock: 10, availableStock: 5, held: 5 }];
  brokenWith(run, books.ledger({ products }), "holds 5 seats for reservations of 2");
  const moving = books.ledger({ products, settled: false });
  assert.is(judgeStock(run.history(), moving).verdict, "valid");
});

test("more seats reserved than there are is oversold, whatever the stock line says", () => {
  const run = new RunBuilder();
  for (let client = 0; client < 11; client++) {
    run.reserve(client, 1000, { reservationId: client + 1 });
  }
  const books = new BooksBuilder(run.sale);
  for (let id = 1; id <= 11; id++) books.book(id);
  const products = [{ id: 1, totalStock: 10, availableStock: 0, held: 10 }];
  brokenWith(run, books.ledger({ products }), "oversold: 11 seats reserved of 10");
});

test("a promised reservation that the books do not know, or know otherwise, is a lost sale", () => {
  const { run } = oneSale();
  brokenWith(run, new BooksBuilder(run.sale).ledger(), "promised reservation 1, which the books");
  const less = new BooksBuilder(run.sale).book(1, { quantity: 1 });
  brokenWith(run, less.ledger(), "for 2 of product 1, booked 1 of 1");
});

test("one reservation promised to two purchases is a lost sale", () => {
  const { run, books } = oneSale();
  run.reserve(1, 2000, { reservationId: 1, quantity: 2 });
  brokenWith(run, books.ledger(), "which client 0 had for another purchase");
});

test("a reservation nobody asked for is broken, one never heard back is not", () => {
  const { run, books } = oneSale();
  const ghost = books.book(2, { quantity: 3 }).ledger();
  brokenWith(run, ghost, "nobody asked for 3");
  run.reserve(1, 2000, { outcome: "unknown", quantity: 3 });
  assert.is(judgeStock(run.history(), ghost).verdict, "valid");
  const cancelled = oneSale();
  const refused = cancelled.books.book(2, { status: "CANCELLED" }).ledger();
  assert.is(judgeStock(cancelled.run.history(), refused).verdict, "valid");
});

test("a recording cut off, or a stock not whole at first, makes no ghosts", () => {
  const { run, books } = oneSale();
  books.book(2, { quantity: 3 });
  assert.is(judgeStock(run.cutOff(), books.ledger()).verdict, "valid");
  const used = new RunBuilder();
  used.stock(0, 7, 3);
  used.reserve(0, 1000, { reservationId: 1 });
  const all = new BooksBuilder(used.sale).book(1).book(2, { quantity: 3 });
  assert.is(judgeStock(used.history(), all.ledger()).verdict, "valid");
});

test("zero, negative and fractional quantities are never sold", () => {
  for (const quantity of [0, -1, 0.5]) {
    const run = new RunBuilder();
    run.reserve(0, 1000, { reservationId: 1, quantity });
    brokenWith(run, undefined, `was sold ${quantity} seats`);
  }
});

test("'out of stock' while enough was surely left is broken", () => {
  const { run, books } = oneSale();
  run.reserve(1, 2000, { outcome: "fail", code: "OUT_OF_STOCK", quantity: 8 });
  brokenWith(run, books.ledger(), "sold out for 8, when at least 8 of 10 seats were left");
});

test("'out of stock' is believed when seats may have been taken", () => {
  const refused = { outcome: "fail", code: "OUT_OF_STOCK", quantity: 8 } as const;
  const unheard = oneSale();
  unheard.run.reserve(2, 1500, { outcome: "unknown" });
  unheard.run.reserve(1, 2000, refused);
  const passing = oneSale();
  passing.run.reserve(2, 1995, { outcome: "fail", code: "PASS_TOKEN_INVALID" });
  passing.run.reserve(1, 2000, refused);
  const later = oneSale();
  later.run.reserve(1, 2000, { ...refused, quantity: 9 });
  for (const { run, books } of [unheard, passing, later]) {
    assert.is(judgeStock(run.history(), books.ledger()).verdict, "valid");
  }
});

test("any stock line that does not add up is caught, and no other", () => {
  const seats = fc.integer({ min: -3, max: 14 });
  fc.assert(
    fc.property(seats, seats, (availableStock, held) => {
      const { run, books } = oneSale();
      run.stock(2000, availableStock, held);
      const right = availableStock >= 0 && held <= 10 && availableStock + held === 10;
      return judgeStock(run.history(), books.ledger()).verdict === (right ? "valid" : "broken");
    }),
  );
});

test.run();
