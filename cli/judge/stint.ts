/**
 * One client's time in line, made of what it was told. Every bound is one-sided and safe: what a
 * stint says surely happened, did, whatever was never heard back.
 */
import type { JoinOp, LeaveOp, Op, PollOp } from "./history.ts";

/** The shortest poll interval a server advises, in seconds; used where none was heard. */
const SHORTEST_POLL_SECONDS = 1;

/** The tester's word for what the end of the run cut off. */
const RUN_ENDED = "RUN_ENDED";

/** The server's own ticking, allowed on top of what it promises. */
const TICK_MS = 1000;

/** One client's time in line, all times on the tester's clock. */
export interface Stint {
  readonly client: number;
  /** It cannot have joined before this: the first join that may have worked was sent here. */
  readonly earliestMs: number;
  /** It surely stood in line from here on; Infinity when no answer ever said so. */
  readonly joinedByMs: number;
  /** The operation that showed it in line; for a join never answered, that join. */
  readonly opening: JoinOp | PollOp;
  /**
   * The last poll that was told to wait before any sign of life came too late: joined, live and
   * without a pass from joinedByMs up to this poll's invokedMs.
   */
  readonly waitedUntil?: PollOp;
  /** True when no sign of life came too late, from the join up to the pass that was seen. */
  readonly stayed: boolean;
  readonly pass?: SeenPass;
  /** Its pass, seen or not, was issued within these bounds if ever; the end may be Infinity. */
  readonly issuedFromMs: number;
  readonly issuedToMs: number;
  /** The poll that was answered "you are not in line" though no pass had been seen. */
  readonly gone?: PollOp;
  /** No pass was seen, and the last thing that might have shown one was never answered. */
  readonly unheard: boolean;
  /** The last pass that the same client saw in an earlier stint. */
  readonly passBefore?: SeenPass;
}

export interface SeenPass {
  readonly token: string;
  /** The first poll that showed it. */
  readonly seen: PollOp;
  /** The admission on the queue's clock, in ms since 1970; absent when the pass had no end. */
  readonly admittedAtMs?: number;
}

/** The longest silence after which a client is surely still counted as present, in ms. */
export function graceMs(pollAfterSeconds: number | undefined): number {
  return (2 * (pollAfterSeconds ?? SHORTEST_POLL_SECONDS) + 5) * 1000;
}

/** The admission of a pass on the queue's clock: its end minus its life. Ms since 1970. */
export function admittedAtMs(poll: PollOp, passTtlSeconds: number): number | undefined {
  if (poll.passExpiresAt === undefined) return undefined;
  return Date.parse(poll.passExpiresAt) - passTtlSeconds * 1000;
}

/** A stint as it is put together. */
export interface Draft {
  readonly earliestMs: number;
  joinedByMs: number;
  opening: JoinOp | PollOp;
  /** Answers that show it in line, in the order of invocation. */
  readonly signs: (JoinOp | PollOp)[];
  /** Joins and polls never heard back: the server may have counted them as signs of life. */
  readonly unsure: Op[];
  seen?: { readonly token: string; readonly poll: PollOp };
  left?: LeaveOp;
  gone?: PollOp;
}

export function stintOf(
  client: number,
  draft: Draft,
  passTtlSeconds: number,
  passBefore: SeenPass | undefined,
): Stint {
  const { seen, gone } = draft;
  const chain = lifeOf(draft);
  const lastWait = draft.signs.findLast((sign) => sign.op === "poll" && sign.pass === undefined);
  const admitted = seen && admittedAtMs(seen.poll, passTtlSeconds);
  return {
    client,
    earliestMs: draft.earliestMs,
    joinedByMs: draft.joinedByMs,
    opening: draft.opening,
    ...(chain.waitedUntil && { waitedUntil: chain.waitedUntil }),
    stayed: chain.stayed,
    ...(seen && {
      pass: {
        token: seen.token,
        seen: seen.poll,
        ...(admitted !== undefined && { admittedAtMs: admitted }),
      },
    }),
    issuedFromMs: lastWait?.invokedMs ?? draft.earliestMs,
    issuedToMs: issuedTo(draft),
    unheard: !seen && isUnheard(draft),
    ...(gone && !seen && { gone }),
    ...(passBefore && { passBefore }),
  };
}

/** A join that nobody answered and nothing followed: it may stand in line for ever. */
export function neverHeard(client: number, join: JoinOp): Stint {
  return {
    client,
    earliestMs: join.invokedMs,
    joinedByMs: Infinity,
    opening: join,
    stayed: false,
    issuedFromMs: join.invokedMs,
    issuedToMs: Infinity,
    unheard: join.code !== RUN_ENDED,
  };
}

/** How far the client surely stayed present by its own signs of life. */
function lifeOf(draft: Draft): { waitedUntil?: PollOp; stayed: boolean } {
  const signs = draft.seen ? [...draft.signs, draft.seen.poll] : draft.signs;
  let before = draft.opening;
  let waitedUntil = before.op === "poll" && before.pass === undefined ? before : undefined;
  let limitMs = graceMs(before.pollAfterSeconds);
  let unsure = 0;
  for (const sign of signs) {
    if (sign === before) continue;
    let inTime = sign.endedMs - before.invokedMs <= limitMs;
    // A poll never heard back may have counted, and may have told a shorter interval.
    for (; unsure < draft.unsure.length; unsure++) {
      const op = draft.unsure[unsure];
      if (!op || op.invokedMs > sign.invokedMs) break;
      inTime &&= sign.endedMs - op.invokedMs <= graceMs(undefined);
    }
    if (!inTime) return { ...(waitedUntil && { waitedUntil }), stayed: false };
    if (sign.op === "poll" && sign.pass === undefined) waitedUntil = sign;
    const overlaps = sign.invokedMs < before.endedMs;
    const told = graceMs(sign.pollAfterSeconds);
    limitMs = overlaps ? Math.min(limitMs, told) : told;
    before = sign;
  }
  return { ...(waitedUntil && { waitedUntil }), stayed: draft.seen !== undefined };
}

/** The last operation, if nothing was heard of it nor of anything after it. */
function unsureAfterAll(draft: Draft): Op | undefined {
  const last = draft.signs.at(-1) ?? draft.opening;
  const lastUnsure = draft.unsure.at(-1);
  return lastUnsure && lastUnsure.endedMs >= last.invokedMs ? lastUnsure : undefined;
}

/** Whoever was still asking when the run ended was not kept in the dark by anybody. */
function isUnheard(draft: Draft): boolean {
  const unsure = unsureAfterAll(draft);
  return unsure !== undefined && unsure.code !== RUN_ENDED;
}

/** The latest instant at which a pass can have been issued to this stint without a sin. */
function issuedTo(draft: Draft): number {
  if (draft.seen) return draft.seen.poll.endedMs;
  if (draft.gone) return draft.gone.endedMs;
  if (draft.left?.outcome === "ok") return draft.left.endedMs;
  // What was never answered may be served at any time later.
  if (unsureAfterAll(draft) || draft.left) return Infinity;
  const last = draft.signs.at(-1) ?? draft.opening;
  // "Misses its poll by more than the grace": due after one interval, given up a grace later.
  const toldMs = (last.pollAfterSeconds ?? 60) * 1000;
  return last.endedMs + toldMs + graceMs(toldMs / 1000) + TICK_MS;
}
