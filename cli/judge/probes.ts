/**
 * Judges two promises from what the prober recorded: that bad input is refused with a 4xx and
 * changes nothing, and that nobody reads or changes what is not theirs.
 */
import type { History, ProbeOp } from "./history.ts";
import type { Verdict, Witness } from "./verdict.ts";
import { broken, unknown, valid } from "./verdict.ts";
import { count, seconds } from "./words.ts";

/** Statuses by which a service, or what stands before it, says "not now". */
const NOT_NOW: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Times are told apart only where the slowest of one kind is faster than the fastest of the other
 * by so much, with so many of each: no delay on the way can make such a gap every time.
 */
const PACE_FACTOR = 3;
const PACE_GAP_MS = 8;
const PACE_PROBES = 4;

/** Vacuous without a refusal, and without an honest request that was served in between. */
export function judgeProbes(history: History, promise: ProbeOp["promise"]): Verdict {
  const probes: ProbeOp[] = [];
  for (const op of history.ops) if (op.op === "probe" && op.promise === promise) probes.push(op);
  if (probes.length === 0) return unknown(promise, "nobody probed");
  const bad = probes.filter((probe) => probe.expected === "refused");
  const witnesses = [...bad.flatMap(notRefused), ...unlike(probes), ...toldByTime(probes)];
  const refused = bad.filter(isRefusal).length;
  const served = probes.filter((one) => one.expected === "served" && one.outcome === "ok").length;
  const unheard = bad.length - refused;
  const said = `${refused} of ${count(bad.length, "bad request")} refused`;
  if (witnesses.length > 0) {
    return broken(promise, `${witnesses[0]?.words} (${said})`, probes.length, witnesses);
  }
  if (refused === 0) return unknown(promise, `${said}: nothing to conclude from`);
  if (served === 0) {
    const because = `${said}, but no honest request was served either: that proves nothing`;
    return unknown(promise, because, refused);
  }
  const rest = unheard > 0 ? `, ${unheard} not answered for sure` : "";
  return valid(promise, `${said}${rest}, ${count(served, "honest one")} served`, refused);
}

/** What the prober found out about passes: opened to what it must not, or closed to their owners. */
export function passProbes(history: History): Witness[] {
  const witnesses: Witness[] = [];
  const probes = history.ops.filter((op) => op.op === "probe");
  // Whatever the shop should have refused and may have sold has spent the pass.
  const spent = probes.some((one) => one.expected === "refused" && one.outcome !== "fail");
  for (const op of probes) {
    if (op.promise !== "passes") continue;
    if (op.expected === "refused") witnesses.push(...notRefused(op));
    else if (!spent && op.outcome === "fail" && op.code === "PASS_TOKEN_INVALID") {
      const sent = `the prober sent ${op.tried} at ${seconds(op.invokedMs)} s`;
      const words = `${sent} and was refused with its own unspent pass`;
      witnesses.push({ words, ops: [op.id] });
    }
  }
  return witnesses;
}

/** A clear no that is about the request. */
function isRefusal({ outcome, status }: ProbeOp): boolean {
  return outcome === "fail" && status !== undefined && status < 500 && !NOT_NOW.has(status);
}

function notRefused(probe: ProbeOp): Witness[] {
  const { status, code, outcome } = probe;
  const sent = `the prober sent ${probe.tried} at ${seconds(probe.invokedMs)} s`;
  const ops = [probe.id];
  if (outcome === "ok") return [{ words: `${sent} and was served (${status ?? "a yes"})`, ops }];
  if (status === undefined || status < 500 || NOT_NOW.has(status)) return [];
  const words = `${sent} and was answered ${status} ${code ?? ""}`.trimEnd();
  return [{ words: `${words}: a failure, where a refusal is due`, ops }];
}

function groups(probes: readonly ProbeOp[], by: "alike" | "pace"): Map<string, ProbeOp[]> {
  const found = new Map<string, ProbeOp[]>();
  for (const probe of probes) {
    const name = probe[by];
    // Silence and "not now" say nothing to compare.
    const answered = probe.outcome !== "unknown" && !NOT_NOW.has(probe.status ?? 503);
    if (name === undefined || !answered) continue;
    const group = found.get(name);
    if (group) group.push(probe);
    else found.set(name, [probe]);
  }
  return found;
}

/** Answers that should have been the same and were not. */
function unlike(probes: readonly ProbeOp[]): Witness[] {
  const witnesses: Witness[] = [];
  for (const [name, [first, ...rest]] of groups(probes, "alike")) {
    const other = rest.find((one) => answerOf(one) !== answerOf(first));
    if (!first || !other) continue;
    const words =
      `${name} differs: "${answerOf(first)}" after ${first.tried}, ` +
      `"${answerOf(other)}" after ${other.tried}`;
    witnesses.push({ words, ops: [first.id, other.id] });
  }
  return witnesses;
}

function answerOf(probe: ProbeOp | undefined): string {
  return [probe?.status, probe?.code, probe?.said].filter((word) => word !== undefined).join(" ");
}

/** Two kinds of request whose times do not overlap by far: the answer's time tells which it was. */
function toldByTime(probes: readonly ProbeOp[]): Witness[] {
  const witnesses: Witness[] = [];
  for (const [name, group] of groups(probes, "pace")) {
    const kinds = new Map<string, ProbeOp[]>();
    for (const probe of group) kinds.set(probe.tried, [...(kinds.get(probe.tried) ?? []), probe]);
    const spans = [...kinds].filter(([, times]) => times.length >= PACE_PROBES).map(spanOf);
    spans.sort((a, b) => a.slowest.tookMs - b.slowest.tookMs);
    const [fast, slow] = [spans[0], spans.at(-1)];
    if (!fast || !slow || fast === slow) continue;
    const gap = slow.fastest.tookMs - fast.slowest.tookMs;
    if (gap < PACE_GAP_MS || slow.fastest.tookMs < fast.slowest.tookMs * PACE_FACTOR) continue;
    const words =
      `${name} shows in the time: ${fast.tried} took ${fast.slowest.tookMs.toFixed(0)} ms at most, ` +
      `${slow.tried} ${slow.fastest.tookMs.toFixed(0)} ms at least`;
    witnesses.push({ words, ops: [fast.slowest.id, slow.fastest.id] });
  }
  return witnesses;
}

function spanOf([tried, probes]: [string, ProbeOp[]]) {
  const took = probes.map(({ id, invokedMs, endedMs }) => ({ id, tookMs: endedMs - invokedMs }));
  took.sort((a, b) => a.tookMs - b.tookMs);
  const [fastest, slowest] = [took[0], took.at(-1)];
  if (!fastest || !slowest) throw new Error("a kind of probe without a probe");
  return { tried, fastest, slowest };
}
