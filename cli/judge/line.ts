/**
 * Who stood in line when: the record of each client turned into stints, from a join to a pass, a
 * leave or the end. Every bound is one-sided and safe: what a stint says surely happened, did,
 * whatever was never heard back.
 */
import type { History, JoinOp, LeaveOp, Op, PollOp } from "./history.ts";

/** The shortest poll interval a server advises, in seconds; used where none was heard. */
const SHORTEST_POLL_SECONDS = 1;

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

/** All stints of a run, client by client, in order. n·log n in the number of operations. */
export function stintsOf(history: History): Stint[] {
  const byClient = new Map<number, (JoinOp | PollOp | LeaveOp)[]>();
  for (const op of history.ops) {
    if (op.op !== "join" && op.op !== "poll" && op.op !== "leave") continue;
    const known = byClient.get(op.client);
    if (known) known.push(op);
    else byClient.set(op.client, [op]);
  }
  const stints: Stint[] = [];
  for (const [client, ops] of byClient) {
    ops.sort((a, b) => a.id - b.id);
    const walk = new ClientWalk(client, history.run.sale.passTtlSeconds);
    for (const op of ops) walk.take(op);
    for (const stint of walk.finish()) stints.push(stint);
  }
  return stints;
}

interface Draft {
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

/** Reads one client's operations in the order of invocation. */
class ClientWalk {
  readonly #client: number;
  readonly #passTtlSeconds: number;
  readonly #drafts: Draft[] = [];
  readonly #tokens = new Set<string>();
  #now: Draft | undefined;
  /** The earliest join that the next stint may really stem from. */
  #carryMs = Infinity;
  /** The first join since then that was never answered. */
  #unheard: JoinOp | undefined;

  constructor(client: number, passTtlSeconds: number) {
    this.#client = client;
    this.#passTtlSeconds = passTtlSeconds;
  }

  take(op: JoinOp | PollOp | LeaveOp): void {
    if (op.op === "join") this.#join(op);
    else if (op.op === "poll") this.#poll(op);
    else if (op.outcome !== "fail") this.#close({ left: op });
  }

  #join(op: JoinOp): void {
    if (op.outcome === "fail") return;
    const waiting = this.#now !== undefined && this.#now.seen === undefined;
    if (op.outcome === "unknown") {
      if (waiting) this.#now?.unsure.push(op);
      else {
        this.#carryMs = Math.min(this.#carryMs, op.invokedMs);
        this.#unheard ??= op;
      }
    } else if (waiting) this.#now?.signs.push(op);
    else this.#open(op);
  }

  #poll(op: PollOp): void {
    const now = this.#now;
    if (op.outcome === "unknown") {
      if (now && !now.seen) now.unsure.push(op);
    } else if (op.outcome === "fail") {
      const concerns = now !== undefined && op.invokedMs >= now.joinedByMs;
      if (op.code === "NOT_IN_QUEUE" && concerns) this.#close({ gone: op });
    } else if (op.pass === undefined) this.#wait(op);
    else this.#see(op, op.pass);
  }

  #wait(op: PollOp): void {
    const now = this.#now;
    if (now && !now.seen) now.signs.push(op);
    // Sent before the pass was known, answered before it was issued: two polls at once.
    else if (now?.seen && op.invokedMs < now.seen.poll.endedMs) return;
    else {
      this.#open(op, now?.earliestMs);
    }
  }

  #see(op: PollOp, token: string): void {
    const now = this.#now;
    if (now?.seen?.token === token) return;
    if (this.#tokens.has(token)) {
      // The pass of an earlier stint again: the join in between began nothing new.
      if (now && !now.seen) this.#drafts.pop();
      this.#now = this.#drafts.at(-1);
      return;
    }
    this.#tokens.add(token);
    if (now && !now.seen) {
      now.seen = { token, poll: op };
      return;
    }
    this.#open(op, now?.earliestMs);
    const opened = this.#drafts.at(-1);
    if (opened) opened.seen = { token, poll: op };
  }

  #open(op: JoinOp | PollOp, sinceMs = Infinity): void {
    const draft: Draft = {
      earliestMs: Math.min(this.#carryMs, op.invokedMs, sinceMs),
      joinedByMs: op.endedMs,
      opening: op,
      signs: [op],
      unsure: [],
    };
    this.#carryMs = Infinity;
    this.#unheard = undefined;
    this.#drafts.push(draft);
    this.#now = draft;
  }

  #close(end: { left: LeaveOp } | { gone: PollOp }): void {
    const now = this.#now;
    if (!now) return;
    Object.assign(now, end);
    // A client without a pass may come back to its old place with its ticket.
    if (!now.seen) this.#carryMs = Math.min(this.#carryMs, now.earliestMs);
    this.#now = undefined;
  }

  finish(): Stint[] {
    const stints: Stint[] = [];
    let passBefore: SeenPass | undefined;
    for (const draft of this.#drafts) {
      const stint = stintOf(this.#client, draft, this.#passTtlSeconds, passBefore);
      passBefore = stint.pass ?? passBefore;
      stints.push(stint);
    }
    if (this.#unheard) stints.push(neverHeard(this.#client, this.#unheard));
    return stints;
  }
}

function stintOf(
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
    ...(gone && !seen && { gone }),
    ...(passBefore && { passBefore }),
  };
}

/** A join that nobody answered and nothing followed: it may stand in line for ever. */
function neverHeard(client: number, join: JoinOp): Stint {
  return {
    client,
    earliestMs: join.invokedMs,
    joinedByMs: Infinity,
    opening: join,
    stayed: false,
    issuedFromMs: join.invokedMs,
    issuedToMs: Infinity,
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

/** The latest instant at which a pass can have been issued to this stint without a sin. */
function issuedTo(draft: Draft): number {
  if (draft.seen) return draft.seen.poll.endedMs;
  if (draft.gone) return draft.gone.endedMs;
  if (draft.left?.outcome === "ok") return draft.left.endedMs;
  const last = draft.signs.at(-1) ?? draft.opening;
  const lastUnsure = draft.unsure.at(-1);
  // What was never answered may be served at any time later.
  if (lastUnsure && lastUnsure.endedMs >= last.invokedMs) return Infinity;
  if (draft.left) return Infinity;
  // "Misses its poll by more than the grace": due after one interval, given up a grace later.
  const toldMs = (last.pollAfterSeconds ?? 60) * 1000;
  return last.endedMs + toldMs + graceMs(toldMs / 1000) + TICK_MS;
}
