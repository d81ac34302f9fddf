/** The liveness judge: permits are used, places are kept, reservations end. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SaleFacts } from "./history.ts";
import { judgeLiveness } from "./liveness.ts";
import { BooksBuilder, RunBuilder } from "./testing.ts";

const PLENTY = [{ id: 1, name: "Standing", priceCents: 5000, totalStock: 500, maxPerUser: 4 }];

/**
 * `admitted` passes at an even pace, one per client, all joined at 0 and polling each second; one
 * last client waits to the end of `seconds`.
 */
function linePaced(admitted: number, seconds: number, sale: Partial<SaleFacts> = {}): RunBuilder {
  const run = new RunBuilder({ permitsPerMinute: 60, products: PLENTY, ...sale });
  for (let client = 0; client <= admitted; client++) run.join(client, 0);
  for (let second = 1; second <= seconds; second++) {
    for (let client = 0; client <= admitted; client++) {
      const turn = Math.ceil(((client + 1) * seconds) / admitted);
      if (second < turn) run.poll(client, second * 1000);
      if (second === turn) run.pass(client, second * 1000, `pass_${client}`, second * 1000 - 500);
    }
  }
  return run;
}

function books(run: RunBuilder): BooksBuilder {
  return new BooksBuilder(run.sale);
}

test("permits used at the promised pace are fine", () => {
  const run = linePaced(60, 60);
  const verdict = judgeLiveness(run.history(), books(run).ledger());
  assert.is(verdict.verdict, "valid");
  assert.match(verdict.because, "permits were used (clients waited 60.0 s at a stretch");
});

test("half of the permits idle while someone waits is broken", () => {
  const run = linePaced(30, 60);
  const verdict = judgeLiveness(run.history(), books(run).ledger());
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses[0]?.words ?? "", /clients waited and polled \(client \d+ was one/);
});

test("a sale of the prober's own that has ended hides no idle permit of this one", () => {
  const run = linePaced(30, 60);
  const no = { outcome: "fail", status: 409, code: "SALE_NOT_OPEN" } as const;
  run.probe("input", "a purchase after the end of the sale", 2_300, no);
  assert.is(judgeLiveness(run.history(), books(run).ledger()).verdict, "broken");
});

test("seven eighths of the permits used over two minutes is broken, 96 in 100 is fine", () => {
  const slow = linePaced(105, 120);
  assert.is(judgeLiveness(slow.history(), books(slow).ledger()).verdict, "broken");
  const fine = linePaced(116, 120);
  assert.is(judgeLiveness(fine.history(), books(fine).ledger()).verdict, "valid");
});

test("a burst that has spent its minute owes nothing until the next", () => {
  const run = new RunBuilder({ permitsPerMinute: 20, pacing: "burst", products: PLENTY });
  for (let client = 0; client <= 40; client++) run.join(client, 0);
  for (let client = 0; client < 20; client++) run.pass(client, 500, `pass_${client}`, 400);
  for (let ms = 5000; ms <= 60_000; ms += 5000) run.poll(40, ms);
  for (let client = 20; client < 40; client++) run.pass(client, 60_900, `pass_${client}`, 60_400);
  for (let ms = 65_000; ms <= 115_000; ms += 5000) run.poll(40, ms);
  assert.is.not(judgeLiveness(run.history(), books(run).ledger()).verdict, "broken");
});

test("a burst gate that opens once and never again is broken", () => {
  const run = new RunBuilder({ permitsPerMinute: 20, pacing: "burst", products: PLENTY });
  for (let client = 0; client <= 20; client++) run.join(client, 0);
  for (let client = 0; client < 20; client++) run.pass(client, 500, `pass_${client}`, 400);
  for (let ms = 5000; ms <= 180_000; ms += 5000) run.poll(20, ms);
  assert.is(judgeLiveness(run.history(), books(run).ledger()).verdict, "broken");
});

test("absent clients within their grace may hold passes that nobody sees", () => {
  const run = new RunBuilder({ permitsPerMinute: 60, products: PLENTY });
  for (let client = 0; client < 20; client++) run.join(client, 0);
  run.join(20, 20);
  for (let ms = 1000; ms <= 18_000; ms += 1000) run.poll(20, ms);
  assert.is(judgeLiveness(run.history(), books(run).ledger()).verdict, "valid");
});

test("absent clients long gone explain nothing", () => {
  const run = new RunBuilder({ permitsPerMinute: 60, products: PLENTY });
  for (let client = 0; client < 20; client++) run.join(client, 0);
  run.join(20, 20);
  for (let ms = 1000; ms <= 40_000; ms += 1000) run.poll(20, ms);
  const verdict = judgeLiveness(run.history(), books(run).ledger());
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses[0]?.words ?? "", "0 passes at most can have been issued");
});

test("joins that nobody answered may hold passes for ever", () => {
  const run = new RunBuilder({ permitsPerMinute: 60, products: PLENTY });
  for (let client = 0; client < 60; client++) run.join(client, 0, { outcome: "unknown" });
  run.join(60, 20);
  for (let ms = 1000; ms <= 40_000; ms += 1000) run.poll(60, ms);
  assert.is(judgeLiveness(run.history(), books(run).ledger()).verdict, "valid");
});

test("whoever polls late is not waiting", () => {
  const run = new RunBuilder({ permitsPerMinute: 60, products: PLENTY });
  run.join(0, 0, { pollAfterSeconds: 1 });
  for (let ms = 10_000; ms <= 60_000; ms += 10_000) run.poll(0, ms, { pollAfterSeconds: 1 });
  const verdict = judgeLiveness(run.history(), books(run).ledger());
  assert.is(verdict.verdict, "unknown");
  assert.match(verdict.because, "too short");
});

test("nothing is owed once the sale may be sold out", () => {
  const products = [{ id: 1, name: "Standing", priceCents: 5000, totalStock: 1, maxPerUser: 1 }];
  const run = new RunBuilder({ permitsPerMinute: 60, products });
  run.join(0, 0);
  run.join(1, 10);
  run.pass(0, 1000, "pass_0", 500);
  run.reserve(0, 1100, { pass: "pass_0", outcome: "unknown", code: "TIMEOUT" });
  for (let ms = 2000; ms <= 60_000; ms += 2000) run.poll(1, ms);
  const verdict = judgeLiveness(run.history(), books(run).book(1).ledger());
  assert.is(verdict.verdict, "valid");
  assert.match(verdict.because, "not concluded");
});

test("nothing is owed after a noted fault", () => {
  const run = new RunBuilder({ permitsPerMinute: 60, products: PLENTY });
  run.join(0, 0);
  run.note(500, "redis stopped");
  for (let ms = 2000; ms <= 60_000; ms += 2000) run.poll(0, ms);
  assert.is(judgeLiveness(run.history(), books(run).ledger()).verdict, "unknown");
});

test("whoever polls and is told 'not in line' lost the place", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.poll(0, 1000);
  run.poll(0, 2000, { outcome: "fail", status: 404, code: "NOT_IN_QUEUE" });
  const verdict = judgeLiveness(run.history(), books(run).ledger());
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses[0]?.words ?? "", "client 0 was in line at 1.010 s");
});

test("a place is lost rightly by a leave, a pass unseen until it ended, or a noted fault", () => {
  const gone = { outcome: "fail", status: 404, code: "NOT_IN_QUEUE" } as const;
  const left = new RunBuilder();
  left.join(0, 0);
  left.leave(0, 1000, { outcome: "unknown" });
  left.poll(0, 2000, gone);
  const slept = new RunBuilder({ passTtlSeconds: 2 });
  slept.join(0, 0);
  slept.poll(0, 4000, gone);
  const faulty = new RunBuilder();
  faulty.join(0, 0);
  faulty.note(500, "redis emptied");
  faulty.poll(0, 4000, gone);
  for (const run of [left, slept, faulty]) {
    assert.is(judgeLiveness(run.history(), books(run).ledger()).verdict, "unknown");
  }
});

test("whoever spent a pass can join again and keep the new place", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.pass(0, 1000, "pass_0", 500);
  run.reserve(0, 1100, { pass: "pass_0", reservationId: 1 });
  run.join(0, 2000);
  run.poll(0, 3000, { outcome: "fail", status: 404, code: "NOT_IN_QUEUE" });
  const ledger = books(run).book(1).ledger();
  assert.is(judgeLiveness(run.history(), ledger).verdict, "broken");
});

test("an open reservation in settled books is broken, and says what was paid", () => {
  const run = new RunBuilder();
  const ledger = books(run)
    .book(1)
    .book(2, { status: "PAYMENT_PENDING", charges: [5000] })
    .ledger();
  const verdict = judgeLiveness(run.history(), ledger);
  assert.is(verdict.verdict, "broken");
  assert.match(
    verdict.witnesses[0]?.words ?? "",
    "reservation 2 is still PAYMENT_PENDING, paid 50.00 and not confirmed (its saga is CHARGING)",
  );
});

test("books read too early are unknown, after the deadline broken", () => {
  const run = new RunBuilder();
  const made = books(run).book(1, { status: "PENDING" });
  const early = made.ledger({ settled: false, settleSeconds: 59 });
  const late = made.ledger({ settled: false, settleSeconds: 60 });
  assert.is(judgeLiveness(run.history(), early).verdict, "unknown");
  assert.is(judgeLiveness(run.history(), late).verdict, "broken");
});

test("a reservation without a saga never ends", () => {
  const run = new RunBuilder();
  const ledger = books(run).book(1, { saga: "none" }).ledger();
  const verdict = judgeLiveness(run.history(), ledger);
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses[0]?.words ?? "", "has no saga at all");
});

test("a confirmed reservation is not un-ended, unless somebody asked to cancel it", () => {
  const run = new RunBuilder();
  run.follow(0, 1000, 1, { reservationStatus: "CONFIRMED" });
  const early = { settled: false, settleSeconds: 5 };
  const undone = books(run).book(1, { status: "PENDING" }).ledger(early);
  const verdict = judgeLiveness(run.history(), undone);
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses[0]?.words ?? "", "was CONFIRMED at 1.010 s and is PENDING");
  const cancelled = books(run).book(1, { status: "CANCELLED" }).ledger();
  assert.is(judgeLiveness(run.history(), cancelled).verdict, "broken");
  assert.is.not(judgeLiveness(run.cutOff(), cancelled).verdict, "broken");
  run.follow(0, 1200, 1, { op: "cancel", outcome: "fail", code: "NOT_FOUND" });
  assert.is(judgeLiveness(run.history(), cancelled).verdict, "broken");
  run.follow(0, 1300, 1, { op: "cancel", outcome: "unknown", code: "TIMEOUT" });
  assert.is(judgeLiveness(run.history(), cancelled).verdict, "valid");
});

test("without books nothing is concluded", () => {
  const run = linePaced(60, 60);
  assert.is(judgeLiveness(run.history(), undefined).verdict, "unknown");
});

test.run();
