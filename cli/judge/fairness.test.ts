/** The fairness judge: whoever surely joined first and stayed must not be overtaken. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeFairness } from "./fairness.ts";
import { RunBuilder } from "./testing.ts";

test("first come, first admitted is fine, and is a fact that could have failed", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.join(1, 100);
  run.pass(0, 1000, "pass_0", 600);
  run.pass(1, 1500, "pass_1", 1200);
  const verdict = judgeFairness(run.history());
  assert.is(verdict.verdict, "valid");
  assert.is(verdict.checked, 1);
});

test("an earlier stamp for a later client is broken, by more than servers' clocks differ", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.join(1, 100);
  run.pass(0, 1000, "pass_0", 611);
  run.pass(1, 1000, "pass_1", 600);
  const verdict = judgeFairness(run.history());
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses[0]?.words ?? "", "client 1");
  assert.equal(verdict.witnesses[0]?.ops, [1, 2, 4, 3]);
});

test("an earlier stamp by a few milliseconds is neither proven nor fine", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.join(1, 100);
  run.pass(0, 1000, "pass_0", 610);
  run.pass(1, 1000, "pass_1", 600);
  assert.is(judgeFairness(run.history()).verdict, "unknown");
});

test("joins that overlapped have no order", () => {
  const run = new RunBuilder();
  run.join(0, 0, { tookMs: 200 });
  run.join(1, 100, { tookMs: 200 });
  run.pass(1, 1000, "pass_1", 600);
  run.pass(0, 1500, "pass_0", 1200);
  assert.is(judgeFairness(run.history()).verdict, "unknown");
});

test("a join that was never answered may have been the first", () => {
  const run = new RunBuilder();
  run.join(1, 0, { outcome: "unknown", code: "TIMEOUT", tookMs: 5000 });
  run.join(0, 100);
  run.join(1, 5100);
  run.pass(1, 5500, "pass_1", 600);
  run.pass(0, 5600, "pass_0", 1200);
  assert.is(judgeFairness(run.history()).verdict, "unknown");
});

test("still told to wait after a later client showed its pass is broken", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.join(1, 100);
  run.pass(1, 1000, "pass_1", 600);
  run.poll(0, 4000);
  const verdict = judgeFairness(run.history());
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses[0]?.words ?? "", "was still told to wait at 4.000 s");
});

test("a poll sent before the later client's pass was seen proves nothing", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.join(1, 100);
  run.poll(0, 995, { tookMs: 100 });
  run.pass(1, 990, "pass_1", 600);
  assert.is(judgeFairness(run.history()).verdict, "valid");
});

test("whoever misses a poll by more than the grace gives way", () => {
  const run = new RunBuilder();
  run.join(0, 0, { pollAfterSeconds: 2 });
  run.join(1, 100);
  run.pass(1, 5000, "pass_1", 4000);
  // 2 × 2 s + 5 s after its join at the latest.
  run.poll(0, 9001);
  run.pass(0, 9600, "pass_0", 9500);
  assert.is(judgeFairness(run.history()).verdict, "unknown");
});

test("a poll never heard back may have told a shorter interval", () => {
  const run = new RunBuilder();
  run.join(0, 0, { pollAfterSeconds: 10 });
  run.join(1, 100);
  run.poll(0, 8000, { outcome: "unknown", code: "TIMEOUT", tookMs: 1000 });
  run.pass(1, 17_000, "pass_1", 16_500);
  run.poll(0, 18_000);
  const verdict = judgeFairness(run.history());
  assert.is(verdict.verdict, "unknown");
});

test("joining twice keeps the first place", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.join(1, 100);
  run.join(0, 200);
  run.pass(1, 1000, "pass_1", 600);
  run.poll(0, 2000);
  assert.is(judgeFairness(run.history()).verdict, "broken");
});

test("whoever left and came back stands behind", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.join(1, 100);
  run.leave(0, 200);
  run.join(0, 300);
  run.pass(1, 1000, "pass_1", 600);
  run.poll(0, 2000);
  assert.is(judgeFairness(run.history()).verdict, "unknown");
});

test("a join after a spent pass begins a new stint behind", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.pass(0, 1000, "pass_0", 500);
  run.reserve(0, 1100, { pass: "pass_0", reservationId: 1 });
  run.join(1, 1200);
  run.join(0, 1300);
  run.pass(1, 2000, "pass_1", 1800);
  run.pass(0, 3000, "pass_0b", 2400);
  assert.is(judgeFairness(run.history()).verdict, "valid");
});

test("a join while holding a pass shows the old pass again, and overtakes nobody", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.pass(0, 1000, "pass_0", 500);
  run.join(1, 1200);
  run.join(0, 1300);
  run.pass(0, 1400, "pass_0", 500);
  run.pass(1, 2000, "pass_1", 1800);
  assert.is.not(judgeFairness(run.history()).verdict, "broken");
});

test("a queue's clock that stepped back makes nobody an overtaker", () => {
  const run = new RunBuilder();
  run.join(0, 0);
  run.join(1, 100);
  run.pass(0, 1000, "pass_0", 5000);
  run.poll(1, 1500);
  run.pass(1, 2000, "pass_1", 2000);
  const verdict = judgeFairness(run.history());
  assert.is(verdict.verdict, "valid");
  assert.match(verdict.because, "stepped back by 3.000 s");
});

test("any order of stamps other than the order of joins is caught", () => {
  const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 });
  fc.assert(
    fc.property(order, (clients) => {
      const run = new RunBuilder();
      for (let client = 0; client < 6; client++) run.join(client, client * 20);
      clients.forEach((client, place) => {
        run.pass(client, 3000, `pass_${client}`, 600 + place * 20);
      });
      const sorted = clients.every((client, place) => client === place);
      return judgeFairness(run.history()).verdict === (sorted ? "valid" : "broken");
    }),
  );
});

test.run();
