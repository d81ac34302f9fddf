/** The payment's rules as a table: every order and every answer in every state. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PaymentStatus } from "../common/contracts/payment.ts";
import {
  backoffMs,
  CANCELLED_BEFORE_CHARGE,
  chargeKey,
  firstCall,
  type Heard,
  legible,
  nextStep,
  onChargeOrdered,
  onRefundOrdered,
  type ProviderCall,
  refundKey,
  type Step,
  sagaOfChargeKey,
} from "./charge.ts";

const later = (because: string): Step => ({ do: "askLater", because });
const call = (next: ProviderCall): Step => ({ do: "call", call: next });
const fail = (reason: string): Step => ({ do: "fail", reason });
const AT = "2026-01-01T00:00:00.000Z";
const complete: Step = { do: "complete", transactionId: "txn_1", capturedAt: AT };

const captured: Heard = { result: "captured", transactionId: "txn_1", at: AT };
const declined: Heard = { result: "declined", reason: "no funds" };
const silence: Heard = { result: "silence", because: "no answer in 10 ms" };
const forbidden: Heard = { result: "forbidden" };
const voided: Heard = { result: "voided" };
const absent: Heard = { result: "absent" };
const pending: Heard = { result: "pending" };
const refunded: Heard = { result: "refunded", refundId: "rfn_1" };
const refused: Heard = { result: "refused", reason: "no such charge" };

test("an order to charge opens one payment, waits for an outcome, and repeats it", () => {
  const table: readonly [PaymentStatus | undefined, string][] = [
    [undefined, "open"],
    ["PENDING", "wait"],
    ["PROCESSING", "wait"],
    ["COMPLETED", "repeat"],
    ["FAILED", "repeat"],
    ["REFUNDED", "repeat"],
  ];
  for (const [status, expected] of table) {
    for (const refundOrdered of [false, true]) {
      assert.is(onChargeOrdered(status && { status, refundOrdered }), expected, `${status}`);
    }
  }
});

test("an order to refund has one meaning in each state", () => {
  const table: readonly [PaymentStatus | undefined, boolean, string][] = [
    [undefined, false, "entomb"],
    ["PENDING", false, "fail"],
    ["PROCESSING", false, "order"],
    ["PROCESSING", true, "wait"],
    ["COMPLETED", false, "order"],
    ["COMPLETED", true, "wait"],
    ["FAILED", false, "repeat"],
    ["FAILED", true, "repeat"],
    ["REFUNDED", true, "repeat"],
  ];
  for (const [status, refundOrdered, expected] of table) {
    const known = status && { status, refundOrdered };
    assert.is(onRefundOrdered(known), expected, `${status} ${refundOrdered}`);
  }
});

test("only a payment that was never sent is charged without asking first", () => {
  assert.is(firstCall("PENDING"), "charge");
  assert.is(firstCall("PROCESSING"), "find");
  assert.is(firstCall("COMPLETED"), "refund");
  assert.throws(() => firstCall("FAILED"));
  assert.throws(() => firstCall("REFUNDED"));
});

test("each answer of the provider leads to one step", () => {
  const still = later("the provider has not decided yet");
  const table: readonly [ProviderCall, boolean, Heard, Step][] = [
    ["charge", false, captured, complete],
    ["charge", true, captured, complete],
    ["charge", false, declined, fail("no funds")],
    ["charge", true, declined, fail("no funds")],
    ["find", false, captured, complete],
    ["find", true, captured, complete],
    ["find", false, declined, fail("no funds")],
    ["find", true, declined, fail("no funds")],
    ["find", false, voided, fail(CANCELLED_BEFORE_CHARGE)],
    ["find", true, voided, fail(CANCELLED_BEFORE_CHARGE)],
    ["find", false, absent, call("charge")],
    ["find", true, absent, call("forbid")],
    ["find", false, pending, still],
    ["find", true, pending, call("forbid")],
    ["forbid", true, forbidden, fail(CANCELLED_BEFORE_CHARGE)],
    ["forbid", true, captured, complete],
    ["refund", true, refunded, { do: "refunded" }],
    ["refund", true, refused, later("refused: no such charge")],
  ];
  for (const [asked, refundOrdered, heard, expected] of table) {
    const step = nextStep(asked, refundOrdered, heard);
    assert.equal(step, expected, `${asked} ${refundOrdered} ${heard.result}`);
  }
});

test("silence settles nothing, whatever was asked", () => {
  for (const asked of ["charge", "find", "forbid", "refund"] as const) {
    for (const refundOrdered of [false, true]) {
      assert.equal(nextStep(asked, refundOrdered, silence), later("no answer in 10 ms"));
    }
  }
});

test("an answer that does not belong to the question settles nothing", () => {
  assert.is(nextStep("refund", true, captured).do, "askLater");
  assert.is(nextStep("refund", true, voided).do, "askLater");
  assert.is(nextStep("find", true, refunded).do, "askLater");
  assert.is(nextStep("charge", false, refused).do, "askLater");
});

test("a claim needs two calls at most", () => {
  const all = [captured, declined, silence, forbidden, voided, absent, pending];
  for (const before of ["PENDING", "PROCESSING", "COMPLETED"] as const) {
    for (const refundOrdered of before === "COMPLETED" ? [true] : [false, true]) {
      for (const first of all) {
        const step = nextStep(firstCall(before), refundOrdered, first);
        if (step.do !== "call") continue;
        // A charge or a forbid is not answered with absent or pending.
        for (const second of [captured, declined, silence, forbidden]) {
          assert.is.not(nextStep(step.call, refundOrdered, second).do, "call");
        }
      }
    }
  }
});

test("a transaction id or an instant that cannot be stored leaves the outcome unknown", () => {
  for (const transactionId of ["", "a b", "txn\0", "ü", "x".repeat(201)]) {
    const heard: Heard = { result: "captured", transactionId, at: AT };
    assert.is(nextStep("charge", false, heard).do, "askLater");
  }
  for (const at of ["", "soon", "2026-13-01T00:00:00.000Z", "2026-01-01", "infinity"]) {
    const heard: Heard = { result: "captured", transactionId: "txn_1", at };
    assert.is(nextStep("charge", false, heard).do, "askLater", at);
  }
});

test("what a broken call said can be stored", () => {
  const said: Heard = { result: "silence", because: "reset\0by peer" };
  for (const one of ["charge", "find", "forbid", "refund"] as const) {
    assert.equal(nextStep(one, false, said), later("reset by peer"));
  }
});

test("a charge's key tells its saga", () => {
  assert.is(sagaOfChargeKey(chargeKey("saga_1")), "saga_1");
  assert.is(sagaOfChargeKey(refundKey("saga_1")), undefined);
});

test("a reason from outside becomes one legible line", () => {
  assert.is(legible(" a\0b\r\nc "), "a b c");
  assert.is(legible("\n"), "no reason given");
  assert.is(legible("x".repeat(400)).length, 300);
  assert.equal(
    nextStep("charge", false, { result: "declined", reason: "no\0funds" }),
    fail("no funds"),
  );
});

test("back-off begins at a second, doubles, and ends at half a minute", () => {
  const attempts = [0, 1, 2, 3, 4, 5, 6, 7, 1_000];
  const seconds = [1, 1, 2, 4, 8, 16, 30, 30, 30];
  assert.equal(
    attempts.map((count) => backoffMs(count) / 1_000),
    seconds,
  );
});

test("keys depend on the saga alone", () => {
  assert.is(chargeKey("saga_1"), "charge-saga_1");
  assert.is(refundKey("saga_1"), "refund-saga_1");
});

test.run();
