/** A virtual client with a pass: buying, and following what it bought; pure. */

import type { Answer } from "./answer.ts";
import { attackWithSpentPass } from "./attacks.ts";
import type { Cancelling, Following, Reserving, Step, StepContext } from "./client-state.ts";
import {
  end,
  FRESH,
  follow,
  joinAgain,
  keyOf,
  leave,
  lookPauseMs,
  reserve,
  stay,
  tryAgain,
  wait,
  waitForSale,
} from "./transitions.ts";

/** From the confirmation to the regret, at most. */
const REGRET_WITHIN_MS = 1_000;

/**
 * An unanswered reservation is sent again with the same key: the server then says what became of
 * the first one. A new key is drawn only for another product, after a clear no.
 */
export function answerReserving(asked: Reserving, answer: Answer, ctx: StepContext): Step {
  const outstanding = Math.max(0, asked.outstanding - 1);
  const told = asked.told ?? (answer.outcome === "ok" ? answer : undefined);
  const state: Reserving = { ...asked, outstanding, told };
  if (outstanding > 0) return stay(state);
  if (told !== undefined) {
    const heardNow = asked.told === undefined;
    return heardNow && ctx.who.retries ? reserve(state, ctx) : booked(state, told, ctx);
  }
  const again = tryAgain(state, answer, ctx);
  if (again !== undefined) return again;
  switch (answer.code) {
    case "OUT_OF_STOCK":
      return nextWish(state, ctx);
    case "PASS_TOKEN_INVALID":
      // Without the queue ticket: it stands for a place that has had its pass.
      return joinAgain(ctx, state.rejoins, undefined);
    case "SALE_NOT_OPEN":
      return waitForSale(state, ctx);
    default:
      return end(ctx, "gaveUp");
  }
}

function booked(state: Reserving, answer: Answer, ctx: StepContext): Step {
  const { reservationId } = answer.facts;
  if (ctx.who.role === "spent-pass") return attackWithSpentPass(state, reservationId, ctx);
  // A yes without an id cannot be followed; the books will show what it was.
  if (reservationId === undefined) return end(ctx, "gaveUp");
  return follow(reservationId);
}

function nextWish(state: Reserving, ctx: StepContext): Step {
  const choice = state.choice + 1;
  if (choice >= ctx.who.wishes.length) return leave(ctx);
  const keys = state.keys + 1;
  return reserve({ ...state, ...FRESH, choice, keys, key: keyOf(ctx, keys) }, ctx);
}

/** Who regrets it thinks once more. */
function confirmed(reservationId: number, ctx: StepContext): Step {
  if (!ctx.who.regrets) return end(ctx, "confirmed");
  const state: Cancelling = {
    ...{ at: "cancelling", ...FRESH },
    ...{ reservationId, outstanding: 0, done: false },
  };
  return wait(state, ctx.who.jitter * REGRET_WITHIN_MS);
}

/** The books will show whether both clicks were counted. */
export function answerCancelling(asked: Cancelling, answer: Answer, ctx: StepContext): Step {
  const outstanding = Math.max(0, asked.outstanding - 1);
  const done = asked.done || answer.outcome === "ok";
  const state: Cancelling = { ...asked, outstanding, done };
  if (outstanding > 0) return stay(state);
  if (done) return end(ctx, "cancelled");
  return tryAgain(state, answer, ctx) ?? end(ctx, "gaveUp");
}

export function answerFollowing(state: Following, answer: Answer, ctx: StepContext): Step {
  if (answer.outcome === "ok") {
    const { reservationStatus } = answer.facts;
    if (reservationStatus === "CONFIRMED") return confirmed(state.reservationId, ctx);
    if (reservationStatus === "CANCELLED") return end(ctx, "cancelled");
    const looks = state.looks + 1;
    if (looks >= ctx.script.limits.maxLooks) return end(ctx, "gaveUp");
    return wait({ ...state, ...FRESH, looks }, lookPauseMs(looks));
  }
  return tryAgain(state, answer, ctx) ?? end(ctx, "gaveUp");
}
