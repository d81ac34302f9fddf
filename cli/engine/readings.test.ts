/** What is read from answers and books: facts, money, stock, statuses; misread by nobody. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { amountOf, centsOf } from "./cents.ts";
import { readFacts } from "./client/answer.ts";
import { PassPool } from "./client/pass-pool.ts";
import { OPEN_BOARD, readBoard, type StockReading } from "./display-board.ts";
import { readRetryAfter, replyOf, silence } from "./http/http-reply.ts";
import { readPayment, readReservation, readRows, readSaga, readStock } from "./ledger-rows.ts";

const bare = (facts: object) => JSON.parse(JSON.stringify(facts));

test("a poll's pass counts only with passReady, and only if it can go back in a header", () => {
  const body = { position: 0, passReady: true, passToken: "pass_1", passExpiresAt: "2026" };
  assert.equal(bare(readFacts("poll", body)), {
    position: 0,
    pass: "pass_1",
    passExpiresAt: "2026",
  });
  assert.equal(bare(readFacts("poll", { ...body, passReady: false })), { position: 0 });
  assert.equal(bare(readFacts("poll", { ...body, passToken: "a\r\nb" })), { position: 0 });
});

test("fields of a wrong kind are left out, bodies of a wrong kind are empty", () => {
  const odd = { position: "3", pollAfterSeconds: -1, queueTicket: 5 };
  assert.equal(bare(readFacts("join", odd)), {});
  for (const body of [undefined, null, [], "x", 3]) assert.equal(bare(readFacts("poll", body)), {});
  assert.equal(bare(readFacts("follow", { id: 1, sagaId: "s", status: "LOST" })), {
    reservationId: 1,
    sagaId: "s",
  });
});

test("cents are exact for every amount with two decimals, and nothing else passes", () => {
  for (let cents = -20_000; cents < 200_000; cents += 1) {
    assert.is(centsOf(JSON.parse((cents / 100).toFixed(2))) === cents || cents === 0, true);
  }
  for (const cents of [1, 29, 57, 113, 1_999, 999_999_999_999]) {
    assert.is(centsOf(amountOf(cents)), cents);
  }
  for (const odd of [1.005, 0.001, 10.999999, Number.NaN, "1.00", null, 1e300]) {
    assert.is(centsOf(odd), undefined);
  }
});

test("the board says sold out after two readings of nothing left, for good", () => {
  const line = (availableStock: number, pending: number | undefined): StockReading[] => {
    return [{ id: 1, name: "A", totalStock: 5, availableStock, held: 5 - availableStock, pending }];
  };
  const after = (...readings: StockReading[][]) => readings.reduce(readBoard, OPEN_BOARD).soldOut;
  assert.is(after(line(0, 0)), false);
  assert.is(after(line(0, 0), line(0, 0)), true);
  assert.is(after(line(0, 0), line(1, 0), line(0, 0)), false);
  assert.is(after(line(0, 1), line(0, 1), line(0, 1)), false);
  assert.is(after(line(0, undefined), line(0, undefined)), false);
  assert.is(after([], []), false);
  assert.is(after(line(0, 0), line(0, 0), line(3, 0)), true);
});

test("answers are a yes, a no or unknown by their status, and shed load is a no", () => {
  const outcome = (status: number, text = "") => {
    const reply = replyOf(status, text, false, undefined, 5);
    return [reply.outcome, reply.code];
  };
  assert.equal(outcome(200, "{}"), ["ok", undefined]);
  assert.equal(outcome(204), ["ok", undefined]);
  assert.equal(outcome(200, "<html>"), ["ok", "UNREADABLE"]);
  assert.equal(outcome(409, '{"code":"OUT_OF_STOCK"}'), ["fail", "OUT_OF_STOCK"]);
  assert.equal(outcome(404, "nothing here"), ["fail", "HTTP_404"]);
  assert.equal(outcome(302), ["fail", "HTTP_302"]);
  assert.equal(outcome(500, '{"code":"INTERNAL"}'), ["unknown", "INTERNAL"]);
  assert.equal(outcome(502, "bad gateway"), ["unknown", "HTTP_502"]);
  assert.equal(outcome(503, '{"code":"OVERLOADED"}'), ["fail", "OVERLOADED"]);
  assert.equal(outcome(503, "proxy"), ["unknown", "HTTP_503"]);
  assert.is(silence(new Error("reset"), 5).code, "CONNECTION");
});

test("Retry-After is whole seconds or nothing", () => {
  assert.is(readRetryAfter("3"), 3_000);
  for (const odd of [undefined, "", "-1", "1.5", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"]) {
    assert.is(readRetryAfter(odd), undefined);
  }
});

test("rows of the books are read whole or not at all", () => {
  const stock = { productId: 1, name: "A", totalStock: 5, availableStock: 3, held: 2, pending: 1 };
  assert.equal(readStock(stock), {
    id: 1,
    name: "A",
    totalStock: 5,
    availableStock: 3,
    held: 2,
    pending: 1,
  });
  assert.is(readStock({ ...stock, held: "2" }), undefined);
  const row = {
    id: 1,
    sagaId: "s",
    userId: 2,
    productId: 3,
    quantity: 1,
    totalPrice: 19.99,
    status: "CONFIRMED",
    createdAt: "2026",
  };
  assert.is(readReservation(row)?.totalPriceCents, 1_999);
  assert.is(readReservation({ ...row, totalPrice: 19.999 }), undefined);
  assert.is(readReservation({ ...row, status: "MAYBE" }), undefined);
  const payment = { id: 9, sagaId: "s", reservationId: 1, amount: 1, status: "REFUNDED" };
  assert.is(readPayment(payment)?.id, "9");
  assert.is(readRows([row, {}], readReservation), undefined);
  assert.is(readRows("rows", readSaga), undefined);
});

test("a thief is offered a live pass of somebody else, the newest", () => {
  const pool = new PassPool(100);
  assert.is(pool.foreignTo(1, 0), undefined);
  pool.seen(1, "pass_1", 0);
  assert.is(pool.foreignTo(1, 0), undefined);
  assert.is(pool.foreignTo(2, 50), "pass_1");
  assert.is(pool.foreignTo(2, 100), undefined);
  pool.seen(3, "pass_3", 60);
  assert.is(pool.foreignTo(2, 70), "pass_3");
  assert.is(pool.foreignTo(3, 70), "pass_1");
  pool.spent(3);
  assert.is(pool.foreignTo(2, 70), "pass_1");
});

test.run();
