/** Clients who are not as one would wish: twice clicking, absent, impatient, attacking. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { contextOf, whoOf } from "../testing/plans.ts";
import { answer, JOINING, no, RESERVING, silence, told, WAITING, yes } from "../testing/states.ts";
import type { Role } from "./casting.ts";
import { AWAY, WAKE } from "./client-state.ts";
import { step } from "./virtual-client.ts";

test("a double click joins twice at once and goes on when both are answered", () => {
  const ctx = contextOf("honest", { who: whoOf("honest", { doubleClicks: true }) });
  const clicked = step(AWAY, WAKE, ctx);
  assert.is(clicked.effect.do === "send" && clicked.effect.copies, 2);
  const orders = [
    [yes({ pollAfterSeconds: 2 }), silence("TIMEOUT")],
    [silence("TIMEOUT"), yes({ pollAfterSeconds: 2 })],
    [yes({ pollAfterSeconds: 9 }), yes({ pollAfterSeconds: 2 })],
  ] as const;
  for (const [first, second] of orders) {
    const one = answer(clicked.state, first, ctx);
    assert.is(told(one), "joining: nothing");
    assert.is(told(answer(one.state, second, ctx)), "waiting: wait 2000");
  }
  const deaf = answer(
    answer(clicked.state, silence("CONNECTION"), ctx).state,
    silence("CONNECTION"),
    ctx,
  );
  const again = step(deaf.state, WAKE, ctx);
  assert.is(again.effect.do === "send" && again.effect.copies, 1);
  assert.is(told(answer(again.state, yes(), ctx)), "waiting: wait 1000");
});

test("an absent client is gone after joining, or after its one or two polls", () => {
  const gone = contextOf("absent");
  assert.is(told(answer(JOINING, yes(), gone)), "ended: end absent");
  const twice = contextOf("absent", { who: whoOf("absent", { visits: 2 }) });
  const joined = answer(JOINING, yes(), twice);
  const polled = answer(joined.state, yes(), twice);
  assert.is(told(polled), "waiting: wait 1000");
  assert.is(told(answer(polled.state, yes(), twice)), "ended: end absent");
  assert.is(told(answer(joined.state, yes({ pass: "pass_9" }), twice)), "ended: end absent");
});

test("attackers send what must be refused, and say so in the record", () => {
  const sent = (role: Role, foreignPass?: string) => {
    const { effect } = step(AWAY, WAKE, contextOf(role, { foreignPass }));
    return effect.do === "send" ? effect.request : undefined;
  };
  const noPass = sent("no-pass");
  assert.is(noPass?.attack, "no-pass");
  assert.not.ok(noPass?.headers.includes("x-pass-token"));
  const forged = sent("forged-pass");
  assert.is(forged?.attack, "forged-pass");
  assert.match(forged?.pass ?? "", /^pass_[0-9a-f-]{36}$/);
  const foreign = sent("foreign-pass", "pass_of_another");
  assert.is(foreign?.attack, "foreign-pass");
  assert.is(foreign?.pass, "pass_of_another");
  assert.is(sent("spent-pass")?.op, "join");
});

test("a thief without a victim looks again, but not for ever", () => {
  const ctx = contextOf("foreign-pass");
  let next = step(AWAY, WAKE, ctx);
  assert.is(told(next), "attacking: wait 1000");
  const found = step(next.state, WAKE, { ...ctx, foreignPass: "pass_v" });
  const resent = step(answer(found.state, silence("TIMEOUT"), ctx).state, WAKE, ctx);
  assert.equal(resent.effect, found.effect);
  let searches = 0;
  for (; next.effect.do === "wait"; searches += 1) next = step(next.state, WAKE, ctx);
  assert.is(told(next), "ended: end attacker");
  assert.ok(searches <= 121);
});

test("a spent pass is tried again as a new purchase, then the honest one is followed", () => {
  const ctx = contextOf("spent-pass");
  const bought = answer(RESERVING, yes({ reservationId: 55 }), ctx);
  if (bought.effect.do !== "send") return assert.unreachable();
  const { request } = bought.effect;
  assert.is(request.attack, "spent-pass");
  assert.is(request.pass, "pass_1");
  assert.is.not(request.key, "key-1");
  const refused = answer(bought.state, no(403, "PASS_TOKEN_INVALID"), ctx);
  assert.is(told(refused), "following: wait 500");
  const last = answer(refused.state, yes({ reservationStatus: "CONFIRMED" }), ctx);
  assert.is(told(last), "ended: end attacker");
});

test("the impatient leave the line after their time in it, and not before", () => {
  const ctx = contextOf("honest", { who: whoOf("honest", { patienceMs: 5_000 }) });
  const first = answer(WAITING, yes({ pollAfterSeconds: 4 }), ctx);
  assert.is(told(first), "waiting: wait 4000");
  assert.is(told(step(first.state, WAKE, ctx)), "waiting: send poll");
  const second = answer(first.state, yes({ pollAfterSeconds: 4 }), ctx);
  assert.is(told(second), "waiting: wait 1000");
  const leaving = step(second.state, WAKE, ctx);
  assert.is(told(leaving), "leaving: send leave");
  assert.is(leaving.effect.do === "send" && leaving.effect.request.habit, "impatient");
  assert.is(told(answer(leaving.state, yes(), ctx)), "ended: end leftEarly");
});

test("a double click buys once: both clicks carry one key, and one yes is enough", () => {
  const ctx = contextOf("honest", { who: whoOf("honest", { doubleClicks: true }) });
  const clicked = step({ ...RESERVING, outstanding: 0 }, WAKE, ctx);
  assert.equal(clicked.effect.do === "send" && [clicked.effect.copies], [2]);
  const booked = yes({ reservationId: 55, reservationStatus: "PENDING" });
  const refused = no(409, "IDEMPOTENCY_CONFLICT");
  for (const [one, other] of [
    [booked, refused],
    [refused, booked],
    [booked, booked],
  ] as const) {
    const half = answer(clicked.state, one, ctx);
    assert.is(told(half), "reserving: nothing");
    assert.is(told(answer(half.state, other, ctx)), "following: wait 500");
  }
  const neither = answer(answer(clicked.state, silence("TIMEOUT"), ctx).state, refused, ctx);
  assert.is(told(neither), "ended: end gaveUp");
});

test("who retries sends an accepted purchase once more, the very same", () => {
  const ctx = contextOf("honest", { who: whoOf("honest", { retries: true }) });
  const first = step(RESERVING, WAKE, ctx);
  const again = answer(first.state, yes({ reservationId: 55 }), ctx);
  if (first.effect.do !== "send" || again.effect.do !== "send") throw new Error("sends nothing");
  const { habit, ...request } = again.effect.request;
  assert.is(habit, "retry");
  assert.equal(request, first.effect.request);
  assert.is(told(answer(again.state, silence("TIMEOUT"), ctx)), "following: wait 500");
});

test("who floods the queue does not wait for its advice, but not for ever", () => {
  const ctx = contextOf("poll-flood");
  assert.is(told(answer(WAITING, yes({ pollAfterSeconds: 30 }), ctx)), "waiting: wait 50");
  const tired = { ...WAITING, polls: 200 };
  assert.is(told(answer(tired, yes({ pollAfterSeconds: 30 }), ctx)), "waiting: wait 30000");
});

test.run();
