/** A virtual client before it has a pass: arriving, joining, waiting, leaving; pure. */
import type { Answer, Facts } from "./answer.ts";
import { startAttack } from "./attacks.ts";
import type {
  Attempts,
  Joining,
  Leaving,
  Reserving,
  Step,
  StepContext,
  Waiting,
} from "./client-state.ts";
import { joinRequest, pollRequest } from "./script.ts";
import {
  end,
  FRESH,
  join,
  joinAgain,
  keyOf,
  leave,
  send,
  stay,
  tryAgain,
  wait,
  waitForSale,
} from "./transitions.ts";

/** A server that advises no pause, or a silly one, is still not polled in a tight loop. */
const MIN_POLL_MS = 200;
const MAX_POLL_MS = 120_000;
const DEFAULT_POLL_MS = 1_000;
/** Who floods the queue asks twenty times a second, for ten seconds, then like everyone. */
const FLOOD_POLL_MS = 50;
const FLOOD_POLLS = 200;

export function arrive(ctx: StepContext): Step {
  const { role } = ctx.who;
  if (role === "no-pass" || role === "forged-pass" || role === "foreign-pass") {
    return startAttack(ctx, role);
  }
  if (ctx.soldOut) return end(ctx, role === "absent" ? "absent" : "soldOut");
  return join(ctx, 0, undefined);
}

export function wakeJoining(state: Joining, ctx: StepContext): Step {
  // An unanswered join may have been heard, so the place is given back.
  if (ctx.soldOut) return goHome(ctx);
  const resent: Joining = { ...state, outstanding: 1 };
  return send(resent, joinRequest(ctx.script, ctx.who, state.ticket));
}

export function answerJoining(state: Joining, answer: Answer, ctx: StepContext): Step {
  const told = answer.outcome === "ok" ? answer.facts : state.told;
  const outstanding = Math.max(0, state.outstanding - 1);
  const heard: Joining = { ...state, told, outstanding };
  if (outstanding > 0) return stay(heard);
  if (told !== undefined) return joined(heard, told, ctx);
  const again = tryAgain(heard, answer, ctx);
  if (again !== undefined) return again;
  if (answer.code === "OUT_OF_STOCK") return end(ctx, "soldOut");
  if (answer.code === "SALE_NOT_OPEN") return waitForSale(heard, ctx);
  return end(ctx, "gaveUp");
}

function joined(state: Joining, facts: Facts, ctx: StepContext): Step {
  if (ctx.who.role === "absent" && ctx.who.visits === 0) return end(ctx, "absent");
  if (ctx.soldOut) return goHome(ctx);
  const ticket = facts.queueTicket ?? state.ticket;
  const poll = pollRequest(ctx.script, ctx.who, ticket);
  return rest({ rejoins: state.rejoins, polls: 0, waitedMs: 0, ticket, poll }, facts, ctx);
}

export function wakeWaiting(state: Waiting, ctx: StepContext): Step {
  if (ctx.soldOut) return goHome(ctx);
  if (state.waitedMs >= (ctx.who.patienceMs ?? Number.POSITIVE_INFINITY)) {
    return leave(ctx, "leftEarly");
  }
  return send(state, state.poll);
}

export function answerWaiting(state: Waiting, answer: Answer, ctx: StepContext): Step {
  const { who } = ctx;
  if (answer.outcome === "ok") {
    const polls = state.polls + 1;
    const { pass } = answer.facts;
    if (who.role === "absent" && (polls >= who.visits || pass !== undefined)) {
      return end(ctx, "absent");
    }
    if (pass !== undefined) return think(state, pass, ctx);
    if (ctx.soldOut) return goHome(ctx);
    const { rejoins, waitedMs, ticket, poll } = state;
    return rest({ rejoins, polls, waitedMs, ticket, poll }, answer.facts, ctx);
  }
  const again = tryAgain(state, answer, ctx);
  if (again !== undefined) return again;
  if (answer.status === 404 || answer.code === "NOT_IN_QUEUE") {
    return joinAgain(ctx, state.rejoins, state.ticket);
  }
  if (answer.code === "OUT_OF_STOCK") return leave(ctx);
  if (answer.code === "SALE_NOT_OPEN") return waitForSale(state, ctx);
  return end(ctx, "gaveUp");
}

/** Until the next poll, or the end of its patience. */
function rest(
  { rejoins, polls, waitedMs, ticket, poll }: Omit<Waiting, "at" | keyof Attempts>,
  facts: Facts,
  ctx: StepContext,
): Step {
  const { role, patienceMs = Number.POSITIVE_INFINITY } = ctx.who;
  const floods = role === "poll-flood" && polls < FLOOD_POLLS;
  const pauseMs = floods ? FLOOD_POLL_MS : pollPauseMs(facts);
  const ms = Math.min(pauseMs, Math.max(0, patienceMs - waitedMs));
  // Field by field: most of what a crowd does is this, and a spread costs a search for each.
  const waited = waitedMs + ms;
  const { tries, refusals } = FRESH;
  return wait(
    { at: "waiting", tries, refusals, rejoins, polls, waitedMs: waited, ticket, poll },
    ms,
  );
}

/** Everything is sold: the polite leave the line, the absent vanish as they would have anyway. */
function goHome(ctx: StepContext): Step {
  return ctx.who.role === "absent" ? end(ctx, "absent") : leave(ctx);
}

/** Its turn: the Idempotency-Key is made now, long before the first attempt. */
function think(state: Waiting, pass: string, ctx: StepContext): Step {
  const keys = state.rejoins * ctx.who.wishes.length + 1;
  const reserving: Reserving = {
    at: "reserving",
    ...FRESH,
    rejoins: state.rejoins,
    pass,
    choice: 0,
    key: keyOf(ctx, keys),
    keys,
    outstanding: 0,
    told: undefined,
  };
  return wait(reserving, ctx.who.thinkMs);
}

/** Whatever the answer to "I am leaving": the client is gone. */
export function answerLeaving({ because }: Leaving, ctx: StepContext): Step {
  return end(ctx, because);
}

function pollPauseMs(facts: Facts): number {
  if (facts.pollAfterSeconds === undefined) return DEFAULT_POLL_MS;
  return Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, facts.pollAfterSeconds * 1_000));
}
