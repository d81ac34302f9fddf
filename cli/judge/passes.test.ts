/** The passes judge: one pass, one client, one use, in time, never burnt for nothing. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgePasses } from "./passes.ts";
import { RunBuilder } from "./testing.ts";

/** Client 0 with a pass seen at 1.01 s, and client 1 with another. */
function twoPasses(): RunBuilder {
  const run = new RunBuilder({ passTtlSeconds: 300 });
  run.join(0, 0);
  run.join(1, 20);
  run.pass(0, 1000, "pass_0", 500);
  run.pass(1, 1100, "pass_1", 800);
  return run;
}

function brokenWith(run: RunBuilder, words: string, ops: readonly number[]): void {
  const verdict = judgePasses(run.history());
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.witnesses[0]?.words ?? "", words);
  assert.equal(verdict.witnesses[0]?.ops, ops);
}

test("each client with its own pass, spent once, is fine", () => {
  const run = twoPasses();
  run.reserve(0, 2000, { pass: "pass_0", reservationId: 1 });
  run.reserve(1, 2100, { pass: "pass_1", reservationId: 2 });
  assert.is(judgePasses(run.history()).verdict, "valid");
});

test("passes nobody used are unknown", () => {
  assert.is(judgePasses(twoPasses().history()).verdict, "unknown");
});

test("one token for two clients is broken", () => {
  const run = twoPasses();
  run.pass(1, 2000, "pass_0", 500);
  brokenWith(run, "clients 0 and 1 were given the same pass", [3, 5]);
});

test("a pass without an end is broken", () => {
  const run = new RunBuilder();
  run.poll(0, 0, { pass: "pass_0" });
  brokenWith(run, "without an end", [1]);
});

test("two unspent passes for one client are broken", () => {
  const run = twoPasses();
  run.pass(0, 1500, "pass_0b", 900);
  brokenWith(run, "was given pass pass_0b while its pass pass_0 was unspent", [3, 5]);
});

test("a second pass is fine after the first was spent, maybe spent, given up or over", () => {
  const spent = twoPasses();
  spent.reserve(0, 1200, { pass: "pass_0", reservationId: 1 });
  spent.pass(0, 3000, "pass_0b", 2500);
  assert.is(judgePasses(spent.history()).verdict, "valid");
  const maybe = twoPasses();
  maybe.reserve(0, 1200, { pass: "pass_0", outcome: "unknown" });
  maybe.pass(0, 3000, "pass_0b", 2500);
  const left = twoPasses();
  left.leave(0, 1200, { outcome: "unknown" });
  left.pass(0, 3000, "pass_0b", 2500);
  const over = twoPasses();
  over.pass(0, 302_000, "pass_0b", 300_500);
  for (const run of [maybe, left, over]) {
    assert.is(judgePasses(run.history()).verdict, "unknown");
  }
});

test("one pass, two accepted purchases is broken", () => {
  const run = twoPasses();
  run.reserve(0, 2000, { pass: "pass_0", key: "a", reservationId: 1 });
  run.reserve(0, 2001, { pass: "pass_0", key: "b", reservationId: 2 });
  brokenWith(run, "pass pass_0 was accepted 2 times", [5, 6]);
});

test("a retry with the same key gets the same answer, and another answer is broken", () => {
  const run = twoPasses();
  run.reserve(0, 2000, { pass: "pass_0", outcome: "unknown" });
  run.reserve(0, 3000, { pass: "pass_0", reservationId: 1 });
  run.reserve(0, 4000, { pass: "pass_0", reservationId: 1 });
  assert.is(judgePasses(run.history()).verdict, "valid");
  run.reserve(0, 5000, { pass: "pass_0", reservationId: 2 });
  brokenWith(run, "repeated one purchase and got reservations 1 and 2", [6, 8]);
});

test("no pass, a forged one, a foreign one never opens the gate", () => {
  const none = twoPasses();
  none.reserve(0, 2000, { attack: "no-pass", reservationId: 1 });
  brokenWith(none, "with no pass", [5]);
  const forged = twoPasses();
  forged.reserve(0, 2000, { attack: "forged-pass", pass: "pass_zzz", reservationId: 1 });
  brokenWith(forged, "a forged pass, pass_zzz", [5]);
  const foreign = twoPasses();
  foreign.reserve(1, 2000, { attack: "foreign-pass", pass: "pass_0", reservationId: 1 });
  brokenWith(foreign, "a foreign pass, pass_0", [5]);
  const unlabelled = twoPasses();
  unlabelled.reserve(1, 2000, { pass: "pass_0", reservationId: 1 });
  brokenWith(unlabelled, "the pass of client 0", [5]);
});

test("a spent pass that opens again is broken, unless its first use was never heard of", () => {
  const spent = twoPasses();
  spent.reserve(0, 2000, { pass: "pass_0", key: "a", reservationId: 1 });
  spent.reserve(0, 3000, { pass: "pass_0", key: "b", attack: "spent-pass", reservationId: 2 });
  brokenWith(spent, "accepted 2 times", [5, 6]);
  const unheard = twoPasses();
  unheard.reserve(0, 2000, { pass: "pass_0", key: "a", outcome: "unknown" });
  unheard.reserve(0, 3000, { pass: "pass_0", key: "b", attack: "spent-pass", reservationId: 2 });
  assert.is(judgePasses(unheard.history()).verdict, "valid");
});

test("accepted after its end is broken, just before it or as a retry fine", () => {
  const late = twoPasses();
  late.reserve(0, 302_020, { pass: "pass_0", reservationId: 1 });
  brokenWith(late, "1.010 s after its end", [3, 5]);
  const just = twoPasses();
  just.reserve(0, 301_000, { pass: "pass_0", reservationId: 1 });
  assert.is(judgePasses(just.history()).verdict, "valid");
  const retried = twoPasses();
  retried.reserve(0, 300_000, { pass: "pass_0", outcome: "unknown" });
  retried.reserve(0, 400_000, { pass: "pass_0", reservationId: 1 });
  assert.is(judgePasses(retried.history()).verdict, "valid");
});

test("a pass burnt by a refused request is broken", () => {
  const run = twoPasses();
  run.reserve(0, 2000, { pass: "pass_0", outcome: "fail", status: 409, code: "OUT_OF_STOCK" });
  run.reserve(0, 3000, {
    ...{ pass: "pass_0", key: "b" },
    ...{ outcome: "fail", status: 403, code: "PASS_TOKEN_INVALID" },
  });
  brokenWith(run, "with its own unspent pass pass_0 after 1 refused attempt", [3, 5, 6]);
});

test("a refusal after an unanswered attempt, a leave, a fault or too late proves nothing", () => {
  const refusal = {
    pass: "pass_0",
    key: "b",
    outcome: "fail",
    code: "PASS_TOKEN_INVALID",
  } as const;
  const unheard = twoPasses();
  unheard.reserve(0, 2000, { pass: "pass_0", outcome: "unknown" });
  unheard.reserve(0, 3000, refusal);
  const left = twoPasses();
  left.leave(0, 2000);
  left.reserve(0, 3000, refusal);
  const faulty = twoPasses();
  faulty.note(2000, "redis emptied");
  faulty.reserve(0, 3000, refusal);
  const late = twoPasses();
  late.reserve(0, 299_500, refusal);
  const foreign = twoPasses();
  foreign.reserve(1, 3000, { ...refusal, attack: "foreign-pass" });
  for (const run of [unheard, left, faulty, late, foreign]) {
    run.reserve(1, 400_000, { pass: "pass_1", key: "c", outcome: "fail" });
    assert.is(judgePasses(run.history()).verdict, "unknown");
  }
});

test.run();
