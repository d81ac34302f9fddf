/** Judges the passes: one pass, one client, one use, in time, never burnt for nothing. */
import type { History, Op, PollOp, ReserveOp } from "./history.ts";
import { stintsOf } from "./line.ts";
import { passProbes } from "./probes.ts";
import { purchaseOf } from "./purchases.ts";
import { admittedAtMs } from "./stint.ts";
import type { Verdict, Witness } from "./verdict.ts";
import { broken, unknown, valid } from "./verdict.ts";
import { count, seconds } from "./words.ts";

/** Two clocks that run apart, and a server's rounding: never accuse within this. */
const SLACK_MS = 1000;

/** A noted fault may still be at work this long after its note. */
const FAULT_MS = 60_000;

/** What the record says of one pass. */
interface PassRecord {
  readonly token: string;
  readonly client: number;
  readonly seen: PollOp;
  readonly foreigner?: PollOp;
  /** Issued no earlier than this, on the tester's clock. */
  readonly issuedFromMs: number;
  /** Purchases that presented it, in the order of invocation, attacks included. */
  readonly attempts: ReserveOp[];
}

/**
 * Facts are certain in themselves: two clients with one token, two accepted purchases with one
 * pass, an accepted purchase with none. Where time matters, the pass's first sight by its holder
 * bounds its end from above and the last poll without it from below, all on the tester's clock.
 */
export function judgePasses(history: History): Verdict {
  const ttlMs = history.run.sale.passTtlSeconds * 1000;
  const passes = passRecords(history);
  const breaks = breaksOf(history);
  const hidden = history.run.settings.hidden ?? [];
  const endless = !hidden.includes("passTimes");
  const witnesses: Witness[] = [...admittedWrongly(history, passes), ...passProbes(history)];
  if (!hidden.includes("keys")) witnesses.push(...doubledKeys(history));
  for (const pass of passes.values()) {
    witnesses.push(...sharedOrEndless(pass, endless), ...spentTwice(pass));
    witnesses.push(...tooLate(pass, ttlMs), ...burnt(pass, ttlMs, breaks));
  }
  witnesses.push(...twoAtOnce(passes, history.run.sale.passTtlSeconds, breaks));

  const accepted = history.ops.filter((op) => op.op === "reserve" && op.outcome === "ok").length;
  const checked = passes.size + accepted;
  const seen = `${count(passes.size, "pass", "passes")} seen`;
  const said = `${seen}, ${count(accepted, "purchase")} accepted`;
  if (witnesses.length > 0) {
    const violations = count(witnesses.length, "violation");
    return broken("passes", `${violations} among ${said}`, checked, witnesses);
  }
  if (accepted === 0) return unknown("passes", `${seen}, but no purchase was accepted`, checked);
  return valid("passes", `${said}, each with its own unspent pass`, checked);
}

function passRecords(history: History): Map<string, PassRecord> {
  const issued = new Map<string, number>();
  for (const stint of stintsOf(history)) {
    if (stint.pass) issued.set(stint.pass.token, stint.issuedFromMs);
  }
  const passes = new Map<string, PassRecord>();
  for (const op of history.ops) {
    if (op.op !== "poll" || op.pass === undefined) continue;
    const known = passes.get(op.pass);
    if (!known) {
      const issuedFromMs = issued.get(op.pass) ?? 0;
      const { client, pass: token } = op;
      passes.set(token, { token, client, seen: op, issuedFromMs, attempts: [] });
    } else if (known.client !== op.client && !known.foreigner) {
      passes.set(op.pass, { ...known, foreigner: op });
    }
  }
  for (const op of history.ops) {
    if (op.op === "reserve" && op.pass !== undefined) passes.get(op.pass)?.attempts.push(op);
  }
  for (const pass of passes.values()) pass.attempts.sort((a, b) => a.id - b.id);
  return passes;
}

/** `endless`: a pass without an end is one, for the target does show when passes end. */
function sharedOrEndless(
  { token, client, seen, foreigner }: PassRecord,
  endless: boolean,
): Witness[] {
  const found: Witness[] = [];
  if (foreigner) {
    const who = `clients ${client} and ${foreigner.client}`;
    found.push({ words: `${who} were given the same pass ${token}`, ops: [seen.id, foreigner.id] });
  }
  if (endless && seen.passExpiresAt === undefined) {
    found.push({
      words: `client ${client} was given pass ${token} without an end`,
      ops: [seen.id],
    });
  }
  return found;
}

/** Distinct purchases that one pass opened. */
function spentTwice({ token, attempts }: PassRecord): Witness[] {
  const accepted = new Map<string, ReserveOp>();
  for (const op of attempts) {
    if (op.outcome === "ok" && !accepted.has(purchaseOf(op))) accepted.set(purchaseOf(op), op);
  }
  if (accepted.size < 2) return [];
  const ops = [...accepted.values()];
  const who = [...new Set(ops.map((op) => op.client))].join(" and ");
  const words = `pass ${token} was accepted ${accepted.size} times, from client ${who}`;
  return [{ words, ops: ops.map((op) => op.id) }];
}

/** Accepted purchases that no pass of their sender's can have opened. */
function admittedWrongly(history: History, passes: ReadonlyMap<string, PassRecord>): Witness[] {
  const honest = new Set<string>();
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.outcome === "fail" || op.attack !== undefined) continue;
    if (op.pass !== undefined) honest.add(purchaseOf(op));
  }
  const found: Witness[] = [];
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.outcome !== "ok") continue;
    const why = whyWrong(op, op.pass === undefined ? undefined : passes.get(op.pass));
    // A retry of a purchase that had its pass is answered with the first answer.
    if (!why || (op.attack !== undefined && honest.has(purchaseOf(op)))) continue;
    const words = `client ${op.client} was sold ${count(op.quantity, "seat")} with ${why}`;
    found.push({ words, ops: [op.id] });
  }
  return found;
}

function whyWrong(op: ReserveOp, pass: PassRecord | undefined): string | undefined {
  if (op.pass === undefined) return "no pass";
  if (op.attack === "forged-pass") return `a forged pass, ${op.pass}`;
  if (op.attack === "foreign-pass") return `a foreign pass, ${op.pass}`;
  if (!pass) return `a pass that nobody was given, ${op.pass}`;
  const own = pass.client === op.client || pass.foreigner?.client === op.client;
  if (!own) return `the pass of client ${pass.client}, ${op.pass}`;
  // A spent pass that opens again has two accepted purchases, or its first use was never heard of.
  return undefined;
}

/** One key, two reservations: the retry bought again. */
function doubledKeys(history: History): Witness[] {
  const first = new Map<string, ReserveOp>();
  const found: Witness[] = [];
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.outcome !== "ok" || op.reservationId === undefined) continue;
    const known = first.get(purchaseOf(op));
    if (!known) first.set(purchaseOf(op), op);
    else if (known.reservationId !== op.reservationId) {
      const both = `reservations ${known.reservationId} and ${op.reservationId}`;
      const words = `client ${op.client} repeated one purchase and got ${both}`;
      found.push({ words, ops: [known.id, op.id] });
    }
  }
  return found;
}

/** Accepted for the first time after the latest instant at which the pass can have ended. */
function tooLate({ token, seen, attempts }: PassRecord, ttlMs: number): Witness[] {
  const found: Witness[] = [];
  const tried = new Set<string>();
  for (const op of attempts) {
    const purchase = purchaseOf(op);
    const lateMs = op.invokedMs - (seen.endedMs + ttlMs);
    if (op.outcome === "ok" && lateMs > SLACK_MS && !tried.has(purchase)) {
      const words =
        `client ${op.client} was sold ${count(op.quantity, "seat")} with pass ${token} ` +
        `at least ${seconds(lateMs)} s after its end`;
      found.push({ words, ops: [seen.id, op.id] });
    }
    if (op.outcome !== "fail") tried.add(purchase);
  }
  return found;
}

/** Refused to its rightful holder while surely unexpired, unspent and not given up. */
function burnt(
  { token, client, seen, issuedFromMs, attempts, foreigner }: PassRecord,
  ttlMs: number,
  breaks: Breaks,
): Witness[] {
  const maybeSpentMs = attempts.find((op) => op.outcome !== "fail")?.invokedMs ?? Infinity;
  const refusals: ReserveOp[] = [];
  for (const op of attempts) {
    if (op.outcome !== "fail") continue;
    const rightful = op.client === client && !foreigner && op.attack === undefined;
    const inTime = op.invokedMs >= seen.endedMs && op.endedMs < issuedFromMs + ttlMs - SLACK_MS;
    const unspent = op.endedMs <= maybeSpentMs;
    const refused = op.code === "PASS_TOKEN_INVALID";
    if (rightful && refused && inTime && unspent && !breaks.between(client, seen, op)) {
      const before =
        refusals.length > 0 ? `after ${count(refusals.length, "refused attempt")}` : "";
      const first = refusals[0];
      const was = first ? ` ${before} (${first.code ?? first.status ?? "refused"})` : "";
      const words = `client ${client} was refused with its own unspent pass ${token}${was}`;
      return [{ words, ops: [seen.id, ...refusals.map((one) => one.id), op.id] }];
    }
    refusals.push(op);
  }
  return [];
}

/**
 * A second pass issued before the end of a first that was unspent: by the queue's own clock, and by
 * the tester's, for the first of the two may have been set back in between.
 */
function twoAtOnce(
  passes: ReadonlyMap<string, PassRecord>,
  ttlSeconds: number,
  breaks: Breaks,
): Witness[] {
  const last = new Map<number, PassRecord>();
  const found: Witness[] = [];
  for (const pass of passes.values()) {
    const before = last.get(pass.client);
    last.set(pass.client, pass);
    if (before?.seen.passExpiresAt === undefined) continue;
    const issuedMs = admittedAtMs(pass.seen, ttlSeconds);
    const overlapMs = Date.parse(before.seen.passExpiresAt) - (issuedMs ?? Infinity);
    const overMs = before.issuedFromMs + ttlSeconds * 1000;
    if (overlapMs <= SLACK_MS || pass.seen.endedMs >= overMs - SLACK_MS) continue;
    const maybeSpent = before.attempts.some(
      (op) => op.outcome !== "fail" && op.invokedMs < pass.seen.endedMs,
    );
    if (maybeSpent || breaks.between(pass.client, before.seen, pass.seen)) continue;
    const words =
      `client ${pass.client} was given pass ${pass.token} while its pass ${before.token} ` +
      `was unspent and had ${seconds(overlapMs)} s to live`;
    found.push({ words, ops: [before.seen.id, pass.seen.id] });
  }
  return found;
}

/** Whatever may rightly part a client from its pass: a leave, "not in line", a noted fault. */
interface Breaks {
  between(client: number, from: Op, to: Op): boolean;
}

function breaksOf(history: History): Breaks {
  const byClient = new Map<number, Op[]>();
  for (const op of history.ops) {
    const left = op.op === "leave" && op.outcome !== "fail";
    const gone = op.op === "poll" && op.code === "NOT_IN_QUEUE";
    if (!left && !gone) continue;
    const known = byClient.get(op.client);
    if (known) known.push(op);
    else byClient.set(op.client, [op]);
  }
  return {
    between(client, from, to) {
      const parted = (byClient.get(client) ?? []).some(
        (op) => op.endedMs >= from.invokedMs && op.invokedMs <= to.endedMs,
      );
      const noted = (atMs: number) => atMs >= from.invokedMs - FAULT_MS && atMs <= to.endedMs;
      return parted || history.notes.some((note) => noted(note.atMs));
    },
  };
}
