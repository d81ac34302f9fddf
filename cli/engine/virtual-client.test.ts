/** The journeys of a virtual client, step by step. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Role } from "./casting.ts";
import { AWAY, type ClientState, WAKE, type Waiting } from "./client-state.ts";
import { DEFAULT_TUNING } from "./plan.ts";
import { contextOf, whoOf } from "./testing/plans.ts";
import {
  ANSWERS,
  answer,
  JOINING,
  no,
  RESERVING,
  STATES,
  silence,
  told,
  WAITING,
  yes,
} from "./testing/states.ts";
import { step } from "./virtual-client.ts";

test("a step changes neither the state it was given nor its context", () => {
  for (const state of Object.values(STATES)) {
    const ctx = contextOf("honest");
    const before = JSON.stringify([state, ctx]);
    for (const given of Object.values(ANSWERS)) answer(state, given, ctx);
    step(state, WAKE, ctx);
    assert.is(JSON.stringify([state, ctx]), before);
  }
});

test("woken, each state sends its own request", () => {
  const expected: Record<string, string> = {
    away: "joining: send join",
    joining: "joining: send join",
    waiting: "waiting: send poll",
    reserving: "reserving: send reserve",
    attacking: "attacking: send reserve",
    following: "following: send follow",
    leaving: "leaving: send leave",
    ended: "ended: nothing",
  };
  for (const state of Object.values(STATES)) {
    assert.is(told(step(state, WAKE, contextOf("honest"))), expected[state.at]);
  }
});

test("it polls when it is told to, within reason", () => {
  const pause = (pollAfterSeconds: number) =>
    told(answer(WAITING, yes({ pollAfterSeconds }), contextOf("honest")));
  assert.is(pause(4.5), "waiting: wait 4500");
  assert.is(pause(0), "waiting: wait 200");
  assert.is(pause(100_000), "waiting: wait 120000");
});

test("an unanswered reservation is sent again with the same key, pass and product", () => {
  const ctx = contextOf("honest");
  const first = step(RESERVING, WAKE, ctx).effect;
  const waited = answer(RESERVING, silence("TIMEOUT"), ctx);
  const second = step(waited.state, WAKE, ctx).effect;
  assert.equal(second, first);
  assert.is(first.do === "send" && first.request.key, "key-1");
});

test("another product is another purchase: a new key, the same pass", () => {
  const { effect } = answer(RESERVING, no(409, "OUT_OF_STOCK"), contextOf("honest"));
  assert.is(effect.do, "send");
  if (effect.do !== "send") return;
  assert.is(effect.request.pass, "pass_1");
  assert.is.not(effect.request.key, "key-1");
  assert.is(effect.request.productId, 11);
});

test("keys of all lives and wishes of a client differ", () => {
  const ctx = contextOf("honest");
  const keys = new Set<string>();
  for (let rejoins = 0; rejoins < 3; rejoins += 1) {
    let { state } = answer({ ...WAITING, rejoins }, yes({ pass: `pass_${rejoins}` }), ctx);
    for (let wish = 0; wish < 3; wish += 1) {
      if (state.at === "reserving") keys.add(state.key);
      state = answer(state, no(409, "OUT_OF_STOCK"), ctx).state;
    }
  }
  assert.is(keys.size, 9);
});

test("a reservation carries what the contract asks for", () => {
  const { effect } = step(RESERVING, WAKE, contextOf("honest"));
  if (effect.do !== "send") return assert.unreachable();
  const { request } = effect;
  assert.is(request.path, "/api/reservations?eventId=7&clientId=1003");
  assert.is(request.body, '{"productId":12,"quantity":1}');
  assert.is(request.always, "authorization: Bearer user-1003\r\n");
  assert.equal(request.headers, [
    "content-type",
    "application/json",
    "idempotency-key",
    "key-1",
    "x-pass-token",
    "pass_1",
  ]);
});

test("silence is met with growing pauses, and then with giving up", () => {
  const ctx = contextOf("honest");
  const pauses: number[] = [];
  let state: ClientState = RESERVING;
  for (;;) {
    const next = answer(state, silence("CONNECTION"), ctx);
    if (next.effect.do !== "wait") {
      assert.is(told(next), "ended: end gaveUp");
      break;
    }
    pauses.push(next.effect.ms);
    state = next.state;
  }
  assert.is(pauses.length, DEFAULT_TUNING.maxTries - 1);
  assert.equal(pauses.slice(0, 5), [500, 1_000, 2_000, 4_000, 5_000]);
});

test("refusals for load are counted, and a yes clears the count", () => {
  const ctx = contextOf("honest");
  let state: ClientState = WAITING;
  for (let i = 0; i < DEFAULT_TUNING.maxRefusals; i += 1) {
    state = answer(state, no(503, "OVERLOADED", 1_000), ctx).state;
  }
  assert.is(told(answer(state, no(503, "OVERLOADED", 1_000), ctx)), "ended: end gaveUp");
  const cleared = answer(state, yes(), ctx).state;
  assert.is(told(answer(cleared, no(503, "OVERLOADED", 1_000), ctx)), "waiting: wait 1000");
});

test("a Retry-After beyond reason is cut", () => {
  const next = answer(WAITING, no(429, "RATE_LIMITED", 9_000_000), contextOf("honest"));
  assert.is(told(next), "waiting: wait 60000");
});

test("a lost place is claimed back with the queue's ticket, but not for ever", () => {
  const ctx = contextOf("honest");
  const lost = no(404, "NOT_IN_QUEUE");
  const { effect } = answer(WAITING, lost, ctx);
  if (effect.do !== "send") return assert.unreachable();
  assert.ok(effect.request.headers.join().includes("x-queue-ticket,q-ticket"));
  const often: Waiting = { ...WAITING, rejoins: DEFAULT_TUNING.maxRejoins };
  assert.is(told(answer(often, lost, ctx)), "ended: end gaveUp");
});

test("after a refused pass it joins as if for the first time", () => {
  const { effect } = answer(RESERVING, no(403, "PASS_TOKEN_INVALID"), contextOf("honest"));
  if (effect.do !== "send") return assert.unreachable();
  assert.not.ok(effect.request.headers.includes("x-queue-ticket"));
});

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

test("the display board sends home who waits or comes, not who holds a pass", () => {
  const ctx = contextOf("honest", { soldOut: true });
  assert.is(told(step(AWAY, WAKE, ctx)), "ended: end soldOut");
  assert.is(told(step(WAITING, WAKE, ctx)), "leaving: send leave");
  assert.is(told(step({ ...JOINING, tries: 1 }, WAKE, ctx)), "leaving: send leave");
  assert.is(told(answer(JOINING, yes(), ctx)), "leaving: send leave");
  assert.is(told(answer(WAITING, yes(), ctx)), "leaving: send leave");
  assert.is(told(answer(WAITING, yes({ pass: "pass_9" }), ctx)), "reserving: wait 400");
  assert.is(told(step(RESERVING, WAKE, ctx)), "reserving: send reserve");
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

test("looks at a booking come further and further apart, up to two seconds, and end", () => {
  const ctx = contextOf("honest");
  const pauses: number[] = [];
  let next = answer(RESERVING, yes({ reservationId: 55 }), ctx);
  while (next.effect.do === "wait") {
    pauses.push(next.effect.ms);
    next = answer(next.state, yes({ reservationStatus: "PENDING" }), ctx);
  }
  assert.equal(pauses.slice(0, 6), [500, 750, 1_125, 1_687.5, 2_000, 2_000]);
  assert.is(pauses.length, DEFAULT_TUNING.maxLooks);
  assert.is(told(next), "ended: end gaveUp");
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
