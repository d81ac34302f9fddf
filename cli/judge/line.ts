/**
 * Who stood in line when: the record of each client turned into stints, from a join to a pass, a
 * leave or the end.
 */
import type { History, JoinOp, LeaveOp, PollOp } from "./history.ts";
import { type Draft, neverHeard, type SeenPass, type Stint, stintOf } from "./stint.ts";

/** Several judges ask for the same ones. */
const stintsByRecord = new WeakMap<History["ops"], readonly Stint[]>();

/** All stints of a run, client by client, in order. n·log n in the number of operations, once. */
export function stintsOf(history: History): readonly Stint[] {
  const stints = stintsByRecord.get(history.ops) ?? readStints(history);
  stintsByRecord.set(history.ops, stints);
  return stints;
}

function readStints(history: History): Stint[] {
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
