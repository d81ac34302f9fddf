/** The moves that several states of a virtual client share; pure. */

import { uuidOf } from "../rng.ts";
import type { Answer } from "./answer.ts";
import type {
  Attempts,
  Cancelling,
  ClientState,
  Effect,
  EndReason,
  Following,
  Joining,
  Leaving,
  Reserving,
  Step,
  StepContext,
} from "./client-state.ts";
import {
  cancelRequest,
  followRequest,
  joinRequest,
  leaveRequest,
  type Outgoing,
  reserveRequest,
} from "./script.ts";

/** A state whose request may have to be sent again. */
type Trying = Extract<ClientState, Attempts>;

export const FRESH: Attempts = { tries: 0, refusals: 0 };

const FIRST_LOOK_MS = 500;
const LAST_LOOK_MS = 2_000;
const FIRST_BACKOFF_MS = 500;
const LAST_BACKOFF_MS = 5_000;

/** Two copies are a double click. */
export function send(state: ClientState, request: Outgoing, copies: 1 | 2 = 1): Step {
  const sent: Outgoing = copies === 2 ? { habit: "double-click", ...request } : request;
  return { state, effect: { do: "send", request: sent, copies } };
}

export function wait(state: ClientState, ms: number): Step {
  return { state, effect: { do: "wait", ms } };
}

const NOTHING: Effect = { do: "nothing" };

export function stay(state: ClientState): Step {
  return { state, effect: NOTHING };
}

/** Ends the journey; an attacker's end is an attacker's, whatever became of its purchases. */
export function end(ctx: StepContext, reason: EndReason): Step {
  const { role } = ctx.who;
  const said = role === "honest" || role === "absent" ? reason : "attacker";
  return { state: { at: "ended", reason: said }, effect: { do: "end", reason: said } };
}

export function join(ctx: StepContext, rejoins: number, ticket: string | undefined): Step {
  const copies = ctx.who.doubleClicks && rejoins === 0 ? 2 : 1;
  const state: Joining = {
    at: "joining",
    ...FRESH,
    rejoins,
    outstanding: copies,
    told: undefined,
    ticket,
  };
  return send(state, joinRequest(ctx.script, ctx.who, ticket), copies);
}

/** Joins again after a place or a pass was lost, but not for ever. */
export function joinAgain(ctx: StepContext, rejoins: number, ticket: string | undefined): Step {
  if (ctx.soldOut) return end(ctx, "soldOut");
  if (rejoins >= ctx.script.limits.maxRejoins) return end(ctx, "gaveUp");
  return join(ctx, rejoins + 1, ticket);
}

export function leave(ctx: StepContext, because: Leaving["because"] = "soldOut"): Step {
  const request = leaveRequest(ctx.script, ctx.who);
  if (because === "soldOut") return send({ at: "leaving", because }, request);
  return send({ at: "leaving", because }, { ...request, habit: "impatient" });
}

/** The key of a client's `keys`-th purchase. */
export function keyOf(ctx: StepContext, keys: number): string {
  return uuidOf(ctx.script.seed, ctx.who.client, keys);
}

export function reserve(state: Reserving, ctx: StepContext): Step {
  const wish = ctx.who.wishes[state.choice]!;
  const first = state.tries === 0 && state.refusals === 0 && state.told === undefined;
  const copies = first && ctx.who.doubleClicks ? 2 : 1;
  const request = reserveRequest(ctx.script, ctx.who, wish, state.key, state.pass);
  const sent: Outgoing = state.told === undefined ? request : { ...request, habit: "retry" };
  return send({ ...state, outstanding: copies }, sent, copies);
}

/** Starts to follow a booking: the first look comes soon, the next ones further apart. */
export function follow(reservationId: number): Step {
  const state: Following = { at: "following", ...FRESH, reservationId, looks: 0 };
  return wait(state, FIRST_LOOK_MS);
}

export function look(state: Following, ctx: StepContext): Step {
  return send(state, followRequest(ctx.who, state.reservationId));
}

/** Two clicks: only one of them may give anything back. */
export function cancel(state: Cancelling, ctx: StepContext): Step {
  const request = cancelRequest(ctx.who, state.reservationId);
  return send({ ...state, outstanding: 2 }, request, 2);
}

/** Milliseconds before look number `looks` + 1. */
export function lookPauseMs(looks: number): number {
  return Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 1.5 ** looks);
}

/**
 * The common answer to "not now" and to silence: wait, then send the very same request again, a
 * bounded number of times. Undefined when the answer is neither, so that the state must judge it.
 */
export function tryAgain(state: Trying, answer: Answer, ctx: StepContext): Step | undefined {
  const { limits } = ctx.script;
  if (isRefusedForLoad(answer)) {
    const refusals = state.refusals + 1;
    if (refusals > limits.maxRefusals) return end(ctx, "gaveUp");
    return wait({ ...state, refusals, tries: 0 }, pauseMs(answer, refusals, ctx));
  }
  if (answer.outcome === "unknown") {
    const tries = state.tries + 1;
    if (tries >= limits.maxTries) return end(ctx, "gaveUp");
    return wait({ ...state, tries }, pauseMs(answer, tries, ctx));
  }
  return undefined;
}

/** The sale has not begun, is paused or over: it may open again, so ask, but not for ever. */
export function waitForSale(state: Trying, ctx: StepContext): Step {
  if (ctx.soldOut) return leave(ctx);
  const refusals = state.refusals + 1;
  if (refusals > ctx.script.limits.maxRefusals) return end(ctx, "gaveUp");
  return wait({ ...state, refusals }, spread(1_000, ctx));
}

function isRefusedForLoad(answer: Answer): boolean {
  return answer.outcome === "fail" && (answer.status === 429 || answer.status === 503);
}

/** The server's Retry-After where it gave one, else doubling from half a second to five. */
function pauseMs(answer: Answer, attempt: number, ctx: StepContext): number {
  if (answer.retryAfterMs !== undefined) {
    return Math.min(answer.retryAfterMs, ctx.script.limits.maxRetryAfterMs);
  }
  return spread(Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1)), ctx);
}

/** Between ¾ and 1¼ of `ms`, by the client's own jitter. */
function spread(ms: number, ctx: StepContext): number {
  return ms * (0.75 + ctx.who.jitter / 2);
}
