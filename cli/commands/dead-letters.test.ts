import { test } from "uvu";
import * as assert from "uvu/assert";
import { type FoundLetter, letterText, summaryText } from "./dead-letters.ts";

const letter: FoundLetter = {
  service: "payment",
  id: "msg_1",
  subject: "saga.payment.charge",
  sagaId: "saga_1",
  type: "ChargePayment",
  payload: "{}",
  attempts: 12,
  lastError: "the database\n  is away",
  since: "2026-01-01T00:00:00.000Z",
  nextAttemptAt: "2026-01-01T00:08:00.000Z",
};

test("a letter says whose it is, what it is, and why it is here", () => {
  assert.is(
    letterText(letter),
    "payment  msg_1  ChargePayment  saga_1\n" +
      "         12 attempts since 2026-01-01T00:00:00.000Z, next 2026-01-01T00:08:00.000Z: the database is away",
  );
});

test("what is no message says so, and that it waits for somebody", () => {
  const text = letterText({ ...letter, sagaId: null, type: null, nextAttemptAt: null });
  assert.match(text, "msg_1  no message\n");
  assert.match(text, "waits for requeue");
});

test("the sum is in words", () => {
  assert.is(summaryText([]), "no dead letters");
  assert.is(summaryText([letter]), "1 dead letter");
  assert.is(summaryText([letter, letter]), "2 dead letters");
});

test.run();
