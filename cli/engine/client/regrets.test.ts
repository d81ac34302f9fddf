/** A client that gives back what was confirmed to it, with two clicks. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { contextOf, whoOf } from "../testing/plans.ts";
import { answer, no, STATES, silence, told, yes } from "../testing/states.ts";
import { type ClientState, WAKE } from "./client-state.ts";
import { step } from "./virtual-client.ts";

const regretful = contextOf("honest", { who: whoOf("honest", { regrets: true }) });
const { following } = STATES;
const asked: ClientState = {
  at: "cancelling",
  ...{ tries: 0, refusals: 0, reservationId: 101, outstanding: 2, done: false },
};
const twice = no(409, "INVALID_STATE");

test("who regrets cancels what is confirmed, with two clicks that say so; others keep it", () => {
  const confirmed = yes({ reservationStatus: "CONFIRMED" });
  assert.is(told(answer(following!, confirmed, contextOf("honest"))), "ended: end confirmed");
  const waiting = answer(following!, confirmed, regretful);
  assert.is(told(waiting), "cancelling: wait 500");
  const { effect } = step(waiting.state, WAKE, regretful);
  assert.is(effect.do, "send");
  if (effect.do !== "send") return;
  assert.is(effect.copies, 2);
  const { op, method, path, habit } = effect.request;
  assert.equal([op, method, path], ["cancel", "PUT", "/api/reservations/101/cancel"]);
  assert.is(habit, "regret");
});

test("one yes is enough, whichever click it answers", () => {
  for (const [first, second] of [
    [yes(), twice],
    [twice, yes()],
  ] as const) {
    const heard = answer(asked, first, regretful);
    assert.is(told(heard), "cancelling: nothing");
    assert.is(told(answer(heard.state, second, regretful)), "ended: end cancelled");
  }
});

test("silence is asked again, and a no to both is the end of it", () => {
  const silent = answer(
    answer(asked, silence("TIMEOUT"), regretful).state,
    silence("TIMEOUT"),
    regretful,
  );
  assert.match(told(silent), /^cancelling: wait \d+/);
  const refused = answer(answer(asked, twice, regretful).state, twice, regretful);
  assert.is(told(refused), "ended: end gaveUp");
});

test.run();
