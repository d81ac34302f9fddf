/** Every state of a virtual client and every kind of answer, for the tests of its steps. */
import { type Answer, type Facts, NO_FACTS } from "../client/answer.ts";
import {
  AWAY,
  type ClientState,
  type Effect,
  type Joining,
  type Reserving,
  type Step,
  type StepContext,
  type Waiting,
} from "../client/client-state.ts";
import { pollRequest } from "../client/script.ts";
import { step } from "../client/virtual-client.ts";
import { contextOf, whoOf } from "./plans.ts";

const NONE = { tries: 0, refusals: 0 };
export const JOINING: Joining = {
  at: "joining",
  ...NONE,
  rejoins: 0,
  outstanding: 1,
  told: undefined,
  ticket: undefined,
};
export const WAITING: Waiting = {
  at: "waiting",
  ...NONE,
  rejoins: 0,
  polls: 0,
  waitedMs: 0,
  ticket: "q-ticket",
  poll: pollRequest(contextOf("honest").script, whoOf("honest"), "q-ticket"),
};
export const RESERVING: Reserving = {
  at: "reserving",
  ...NONE,
  rejoins: 0,
  pass: "pass_1",
  choice: 0,
  key: "key-1",
  keys: 1,
  outstanding: 1,
  told: undefined,
};

export const STATES: Readonly<Record<string, ClientState>> = {
  away: AWAY,
  joining: JOINING,
  "joining, one of two": { ...JOINING, outstanding: 2 },
  waiting: WAITING,
  reserving: RESERVING,
  "reserving its last wish": { ...RESERVING, choice: 2 },
  attacking: {
    at: "attacking",
    ...NONE,
    attack: "no-pass",
    pass: undefined,
    key: "key-a",
    searches: 0,
    booked: undefined,
  },
  "attacking, booked": {
    at: "attacking",
    ...NONE,
    attack: "spent-pass",
    pass: "pass_1",
    key: "key-a",
    searches: 0,
    booked: 101,
  },
  following: { at: "following", ...NONE, reservationId: 101, looks: 0 },
  cancelling: { at: "cancelling", ...NONE, reservationId: 101, outstanding: 1, done: false },
  leaving: { at: "leaving", because: "soldOut" },
  ended: { at: "ended", reason: "confirmed" },
};

export const yes = (facts: Facts = NO_FACTS): Answer => ({ outcome: "ok", status: 200, facts });
export const no = (status: number, code: string, retryAfterMs?: number): Answer => {
  return { outcome: "fail", status, code, retryAfterMs, facts: NO_FACTS };
};
export const silence = (code: string, status?: number): Answer => {
  return { outcome: "unknown", status, code, facts: NO_FACTS };
};

export const ANSWERS: Readonly<Record<string, Answer>> = {
  "a bare yes": yes(),
  "a pass": yes({ pass: "pass_9", position: 0 }),
  "a booking": yes({ reservationId: 55, reservationStatus: "PENDING" }),
  confirmed: yes({ reservationId: 55, reservationStatus: "CONFIRMED" }),
  cancelled: yes({ reservationId: 55, reservationStatus: "CANCELLED" }),
  "sold out": no(409, "OUT_OF_STOCK"),
  "sale closed": no(409, "SALE_NOT_OPEN"),
  "bad pass": no(403, "PASS_TOKEN_INVALID"),
  "not in queue": no(404, "NOT_IN_QUEUE"),
  "too many": no(429, "RATE_LIMITED", 3_000),
  overloaded: no(503, "OVERLOADED"),
  unauthenticated: no(401, "UNAUTHENTICATED"),
  timeout: silence("TIMEOUT"),
  cut: silence("CONNECTION"),
  "an error": silence("HTTP_500", 500),
};

function said(effect: Effect): string {
  switch (effect.do) {
    case "send":
      return `send ${effect.request.op}`;
    case "wait":
      return `wait ${effect.ms}`;
    case "end":
      return `end ${effect.reason}`;
    case "nothing":
      return "nothing";
  }
}

export const told = ({ state, effect }: Step) => `${state.at}: ${said(effect)}`;
export const answer = (state: ClientState, to: Answer, ctx: StepContext) =>
  step(state, { type: "answer", answer: to }, ctx);
