/** The virtual client as a table: every state and every kind of answer. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { contextOf } from "../testing/plans.ts";
import { ANSWERS, answer, STATES, told } from "../testing/states.ts";
import type { Role } from "./casting.ts";

/** The state it goes to, and what it asks for: `send <op>`, `wait <ms>`, `end <reason>`. */
const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  away: { all: "away: nothing" },
  joining: {
    "a bare yes": "waiting: wait 1000",
    "a pass": "waiting: wait 1000",
    "a booking": "waiting: wait 1000",
    confirmed: "waiting: wait 1000",
    cancelled: "waiting: wait 1000",
    "sold out": "ended: end soldOut",
    "sale closed": "joining: wait 1000",
    "bad pass": "ended: end gaveUp",
    "not in queue": "ended: end gaveUp",
    "too many": "joining: wait 3000",
    overloaded: "joining: wait 500",
    unauthenticated: "ended: end gaveUp",
    timeout: "joining: wait 500",
    cut: "joining: wait 500",
    "an error": "joining: wait 500",
  },
  "joining, one of two": { all: "joining: nothing" },
  waiting: {
    "a bare yes": "waiting: wait 1000",
    "a pass": "reserving: wait 400",
    "a booking": "waiting: wait 1000",
    confirmed: "waiting: wait 1000",
    cancelled: "waiting: wait 1000",
    "sold out": "leaving: send leave",
    "sale closed": "waiting: wait 1000",
    "bad pass": "ended: end gaveUp",
    "not in queue": "joining: send join",
    "too many": "waiting: wait 3000",
    overloaded: "waiting: wait 500",
    unauthenticated: "ended: end gaveUp",
    timeout: "waiting: wait 500",
    cut: "waiting: wait 500",
    "an error": "waiting: wait 500",
  },
  reserving: {
    "a bare yes": "ended: end gaveUp",
    "a pass": "ended: end gaveUp",
    "a booking": "following: wait 500",
    confirmed: "following: wait 500",
    cancelled: "following: wait 500",
    "sold out": "reserving: send reserve",
    "sale closed": "reserving: wait 1000",
    "bad pass": "joining: send join",
    "not in queue": "ended: end gaveUp",
    "too many": "reserving: wait 3000",
    overloaded: "reserving: wait 500",
    unauthenticated: "ended: end gaveUp",
    timeout: "reserving: wait 500",
    cut: "reserving: wait 500",
    "an error": "reserving: wait 500",
  },
  "reserving its last wish": {
    "a bare yes": "ended: end gaveUp",
    "a pass": "ended: end gaveUp",
    "a booking": "following: wait 500",
    confirmed: "following: wait 500",
    cancelled: "following: wait 500",
    "sold out": "leaving: send leave",
    "sale closed": "reserving: wait 1000",
    "bad pass": "joining: send join",
    "not in queue": "ended: end gaveUp",
    "too many": "reserving: wait 3000",
    overloaded: "reserving: wait 500",
    unauthenticated: "ended: end gaveUp",
    timeout: "reserving: wait 500",
    cut: "reserving: wait 500",
    "an error": "reserving: wait 500",
  },
  attacking: {
    "too many": "attacking: wait 3000",
    overloaded: "attacking: wait 500",
    timeout: "attacking: wait 500",
    cut: "attacking: wait 500",
    "an error": "attacking: wait 500",
    all: "ended: end attacker",
  },
  "attacking, booked": {
    "too many": "attacking: wait 3000",
    overloaded: "attacking: wait 500",
    timeout: "attacking: wait 500",
    cut: "attacking: wait 500",
    "an error": "attacking: wait 500",
    all: "following: wait 500",
  },
  following: {
    "a bare yes": "following: wait 750",
    "a pass": "following: wait 750",
    "a booking": "following: wait 750",
    confirmed: "ended: end confirmed",
    cancelled: "ended: end cancelled",
    "sold out": "ended: end gaveUp",
    "sale closed": "ended: end gaveUp",
    "bad pass": "ended: end gaveUp",
    "not in queue": "ended: end gaveUp",
    "too many": "following: wait 3000",
    overloaded: "following: wait 500",
    unauthenticated: "ended: end gaveUp",
    timeout: "following: wait 500",
    cut: "following: wait 500",
    "an error": "following: wait 500",
  },
  cancelling: {
    "a bare yes": "ended: end cancelled",
    "a pass": "ended: end cancelled",
    "a booking": "ended: end cancelled",
    confirmed: "ended: end cancelled",
    cancelled: "ended: end cancelled",
    "too many": "cancelling: wait 3000",
    overloaded: "cancelling: wait 500",
    timeout: "cancelling: wait 500",
    cut: "cancelling: wait 500",
    "an error": "cancelling: wait 500",
    all: "ended: end gaveUp",
  },
  leaving: { all: "ended: end soldOut" },
  ended: { all: "ended: nothing" },
};

for (const [stateName, state] of Object.entries(STATES)) {
  const role: Role = state.at === "attacking" ? state.attack : "honest";
  for (const [answerName, given] of Object.entries(ANSWERS)) {
    test(`${stateName}, told «${answerName}»`, () => {
      const row = TABLE[stateName]!;
      const expected = row[answerName] ?? row.all;
      assert.is(told(answer(state, given, contextOf(role))), expected);
    });
  }
}

test.run();
