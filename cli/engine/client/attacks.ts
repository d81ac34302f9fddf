/** What attackers try: requests that a sound shop refuses every time; pure. */
import type { Attack } from "../../judge/history.ts";
import { uuidOf } from "../rng.ts";
import type { Answer } from "./answer.ts";
import type { Attacking, Reserving, Step, StepContext } from "./client-state.ts";
import { reserveRequest } from "./script.ts";
import { end, FRESH, follow, keyOf, send, tryAgain, wait } from "./transitions.ts";

/** A thief who finds nobody holding a pass looks again after a second, this often. */
const SEARCH_PAUSE_MS = 1_000;
const MAX_SEARCHES = 120;
/** Far from the numbers of purchases, which count up from 1. */
const ATTACK_KEY = 1_000_000;
const FORGED_PASS = 1_000_001;

export function startAttack(ctx: StepContext, attack: Attack): Step {
  const forged =
    attack === "forged-pass"
      ? `pass_${uuidOf(ctx.script.seed, ctx.who.client, FORGED_PASS)}`
      : undefined;
  const state: Attacking = {
    at: "attacking",
    ...FRESH,
    attack,
    pass: forged,
    key: keyOf(ctx, ATTACK_KEY),
    searches: 0,
    booked: undefined,
  };
  return wakeAttacking(state, ctx);
}

/** Once it has bought honestly: the same pass once more, as a new purchase. */
export function attackWithSpentPass(
  bought: Reserving,
  booked: number | undefined,
  ctx: StepContext,
): Step {
  const state: Attacking = {
    at: "attacking",
    ...FRESH,
    attack: "spent-pass",
    pass: bought.pass,
    key: keyOf(ctx, ATTACK_KEY),
    searches: 0,
    booked,
  };
  return wakeAttacking(state, ctx);
}

export function wakeAttacking(state: Attacking, ctx: StepContext): Step {
  if (state.attack !== "foreign-pass" || state.pass !== undefined) return strike(state, ctx);
  const { foreignPass } = ctx;
  if (foreignPass !== undefined) return strike({ ...state, pass: foreignPass }, ctx);
  if (ctx.soldOut || state.searches >= MAX_SEARCHES) return end(ctx, "attacker");
  return wait({ ...state, searches: state.searches + 1 }, SEARCH_PAUSE_MS);
}

function strike(state: Attacking, ctx: StepContext): Step {
  const { pass, key, attack } = state;
  // Its second wish: a purchase limit on the product it already bought would otherwise refuse what
  // only the pass check should.
  const wish = ctx.who.wishes[attack === "spent-pass" ? 1 : 0] ?? ctx.who.wishes[0]!;
  return send(state, reserveRequest(ctx.script, ctx.who, wish, key, pass, attack));
}

/** Yes or no, the attack is over; silence and "not now" are answered as by everyone. */
export function answerAttacking(state: Attacking, answer: Answer, ctx: StepContext): Step {
  const again = tryAgain(state, answer, ctx);
  if (again !== undefined && again.effect.do !== "end") return again;
  return state.booked === undefined ? end(ctx, "attacker") : follow(state.booked);
}
