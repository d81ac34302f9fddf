/** What is told while the store is away. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../common/limits.ts";
import { LastAnswers } from "./last-answers.ts";
import type { Polled } from "./waiting-room-store.ts";

const client = (clientId: string) => ({ eventId: 1, clientId });
const waiting = (position: number): Polled => {
  return { result: "waiting", position, estimatedWaitSeconds: 9, pollAfterSeconds: 2 };
};

test("a client is told what it was told last, and not to hurry", () => {
  const answers = new LastAnswers();
  answers.remember(client("a"), waiting(7));
  answers.remember(client("a"), waiting(6));
  const told = answers.recall(client("a"));
  assert.equal([told?.result === "waiting" && told.position, told?.pollAfterSeconds], [6, 5]);
  assert.is(answers.recall(client("b")), undefined);
  assert.is(answers.recall({ eventId: 2, clientId: "a" }), undefined);
});

test("who has left, spent its pass or is not in line is told nothing of before", () => {
  const answers = new LastAnswers();
  for (const one of ["left", "gone"]) answers.remember(client(one), waiting(1));
  answers.forget(client("left"));
  answers.remember(client("gone"), { result: "notInLine" });
  assert.is(answers.recall(client("left")), undefined);
  assert.is(answers.recall(client("gone")), undefined);
});

test("it never holds more than the limit: the longest known go first", () => {
  const answers = new LastAnswers();
  for (let id = 0; id <= LIMITS.lastAnswers; id++) {
    answers.remember(client(String(id)), waiting(id));
  }
  assert.is(answers.recall(client("0")), undefined);
  assert.ok(answers.recall(client("1")));
  assert.ok(answers.recall(client(String(LIMITS.lastAnswers))));
});

test.run();
