import { test } from "uvu";
import * as assert from "uvu/assert";
import { retrySeconds } from "../../dead-letters/dead-letters.ts";
import { backoffMs } from "./redelivery.ts";
import { DEFAULT_SETTINGS, differences, streamConfig, subjectOf } from "./topology.ts";

test("each failed delivery waits longer, up to a quarter of a minute", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1_000].map(backoffMs);
  assert.equal(delays, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000]);
});

test("a dead letter is tried again within an hour, for ever", () => {
  assert.is(retrySeconds(12), 480);
  assert.is(retrySeconds(1_000_000), 3_600);
});

test("subjects are the contract's, and a stream holds those of its service", () => {
  assert.is(subjectOf(DEFAULT_SETTINGS, "ReservationCreated"), "saga.reservation.created");
  const { name, subjects } = streamConfig(DEFAULT_SETTINGS, "payment");
  assert.is(name, "reservex-payment");
  assert.equal(subjects, ["saga.payment.charge", "saga.payment.refund"]);
});

test("only what we ask for is compared with what a server has", () => {
  const should = { max_age: 5, subjects: ["b", "a"] };
  assert.equal(differences({ max_age: 5, subjects: ["a", "b"], sealed: false }, should), []);
  assert.equal(differences({ max_age: 6, subjects: ["a"] }, should), ["max_age", "subjects"]);
});

test.run();
