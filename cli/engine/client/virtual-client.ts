/**
 * A virtual client: a small state machine that is told what happened and says what it does next.
 * Pure: no clock, no randomness, no network; its habits are in the context, drawn before the run.
 */
import { answerAttacking, wakeAttacking } from "./attacks.ts";
import type { ClientState, Input, Step, StepContext } from "./client-state.ts";
import {
  answerJoining,
  answerLeaving,
  answerWaiting,
  arrive,
  wakeJoining,
  wakeWaiting,
} from "./in-line.ts";
import { answerCancelling, answerFollowing, answerReserving } from "./purchase.ts";
import { cancel, leave, look, reserve, stay } from "./transitions.ts";

/**
 * The next state, and exactly one effect. A wake of a client that is not waiting and an answer to
 * one that has asked nothing cannot happen; they change nothing.
 */
export function step(state: ClientState, input: Input, ctx: StepContext): Step {
  return input.type === "wake" ? onWake(state, ctx) : onAnswer(state, input.answer, ctx);
}

function onWake(state: ClientState, ctx: StepContext): Step {
  switch (state.at) {
    case "away":
      return arrive(ctx);
    case "joining":
      return wakeJoining(state, ctx);
    case "waiting":
      return wakeWaiting(state, ctx);
    case "reserving":
      return reserve(state, ctx);
    case "attacking":
      return wakeAttacking(state, ctx);
    case "following":
      return look(state, ctx);
    case "cancelling":
      return cancel(state, ctx);
    case "leaving":
      return leave(ctx, state.because);
    case "ended":
      return stay(state);
  }
}

function onAnswer(
  state: ClientState,
  answer: Extract<Input, { type: "answer" }>["answer"],
  ctx: StepContext,
): Step {
  switch (state.at) {
    case "joining":
      return answerJoining(state, answer, ctx);
    case "waiting":
      return answerWaiting(state, answer, ctx);
    case "reserving":
      return answerReserving(state, answer, ctx);
    case "attacking":
      return answerAttacking(state, answer, ctx);
    case "following":
      return answerFollowing(state, answer, ctx);
    case "cancelling":
      return answerCancelling(state, answer, ctx);
    case "leaving":
      return answerLeaving(state, ctx);
    case "away":
    case "ended":
      return stay(state);
  }
}
