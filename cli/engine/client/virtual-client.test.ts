/** The journeys of a virtual client, step by step. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_TUNING } from "../plan.ts";
import { contextOf } from "../testing/plans.ts";
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
} from "../testing/states.ts";
import { AWAY, type ClientState, WAKE, type Waiting } from "./client-state.ts";
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
    cancelling: "cancelling: send cancel",
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

test.run();
