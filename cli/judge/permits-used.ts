/**
 * Whether permits were used while clients waited: the fewest passes that the pacing owes to a
 * waiting line, against the most that can have been issued.
 */
import type { History, Op } from "./history.ts";
import { highestPossibleSales, stockAtFirst } from "./purchases.ts";
import type { Stint } from "./stint.ts";
import type { Witness } from "./verdict.ts";
import { count, seconds } from "./words.ts";

/** The share of each minute's permits that must be used while clients wait. */
const USED_SHARE = 0.95;

/** Admission may tick once a second: so much of the pacing may be late at any instant. */
const TICK_SECONDS = 1;

export interface PermitsUsed {
  /** Passes that the longest time of waiting surely owed; below 1 nothing could have failed. */
  readonly owed: number;
  /** How long surely live clients waited without a break, at most, in seconds. */
  readonly waitedSeconds: number;
  /** Set when permits surely lay idle. */
  readonly idle?: {
    readonly issuedAtMost: number;
    readonly due: number;
    readonly witness: Witness;
  };
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Soundness: all times are the tester's, and every doubt favours the server. A client counts as
 * waiting only between its join's answer and the sending of the last poll that was told to wait,
 * while none of its signs of life came late. A pass counts as issued at any instant between its
 * holder's last such poll and the answer that showed it; a client that never saw one may have got
 * one unseen until it was surely given up as absent. Nothing is concluded after the first note (a
 * fault or a changed setting), nor once the sale may have been sold out, nor before the first pass
 * where the sale was found closed. Smooth pacing owes its rate less one tick; burst pacing may
 * spend a whole minute's permits at once, so a minute's worth is forgiven.
 *
 * For a stretch [t0, t1] the most that can have been issued is the number of passes that may have
 * begun by t1 less those surely over before t0; both depend on one end only, so the worst of all
 * stretches is found in one sweep.
 */
export function judgePermitsUsed(history: History, stints: readonly Stint[]): PermitsUsed {
  const { permitsPerMinute, pacing } = history.run.sale;
  const perMs = permitsPerMinute / 60_000;
  const forgiven =
    pacing === "burst" ? permitsPerMinute : (permitsPerMinute / 60) * TICK_SECONDS + 1;
  const spans = waitingSpans(stints, sellingSpan(history, stints));
  let longest = 0;
  for (const span of spans) longest = Math.max(longest, span.toMs - span.fromMs);
  const owed = USED_SHARE * perMs * longest - forgiven;
  const worst = owed < 1 ? undefined : worstStretch(spans, stints, USED_SHARE * perMs);
  const told = { owed, waitedSeconds: longest / 1000 };
  if (!worst || worst.missing <= forgiven) return told;
  const due = Math.floor(USED_SHARE * perMs * (worst.toMs - worst.fromMs) - forgiven);
  const witness = stretchInWords(worst, due, stints);
  return { ...told, idle: { issuedAtMost: worst.issuedAtMost, due, witness } };
}

/** When the sale was surely open, with stock, and untouched. */
function sellingSpan(history: History, stints: readonly Stint[]): Span {
  let toMs = Math.min(soldOutMs(history), history.notes[0]?.atMs ?? Infinity);
  let fromMs = 0;
  const closed = history.ops.find(foundClosed);
  if (closed) {
    fromMs = Infinity;
    for (const { pass } of stints) if (pass) fromMs = Math.min(fromMs, pass.seen.endedMs);
    // Closed again after it was open: whatever was heard later proves nothing.
    const again = history.ops.find((op) => foundClosed(op) && op.endedMs > fromMs);
    if (again) toMs = Math.min(toMs, again.invokedMs);
  }
  return { fromMs, toMs };
}

/** The prober's own sales end on purpose, and say nothing of this one. */
function foundClosed(op: Op): boolean {
  return op.op !== "probe" && op.code === "SALE_NOT_OPEN";
}

/** The earliest instant at which every product can have been sold out. */
function soldOutMs(history: History): number {
  const products = history.run.sale.products;
  if (products.length === 0) return Infinity;
  const sales = highestPossibleSales(history);
  const refused = new Map<number, number>();
  for (const op of history.ops) {
    if (op.op !== "reserve" || op.code !== "OUT_OF_STOCK") continue;
    refused.set(op.productId, Math.min(refused.get(op.productId) ?? Infinity, op.invokedMs));
  }
  let lastMs = 0;
  for (const product of products) {
    const soldMs = sales.get(product.id)?.reaches(stockAtFirst(history, product)) ?? Infinity;
    const refusedMs = refused.get(product.id) ?? Infinity;
    lastMs = Math.max(lastMs, Math.min(soldMs, refusedMs, emptySampleMs(history, product.id)));
  }
  return lastMs;
}

/** The last sample before the first that found nothing left of a product. */
function emptySampleMs(history: History, productId: number): number {
  let before = 0;
  for (const sample of history.stock) {
    const line = sample.products.find((one) => one.id === productId);
    if (line && line.availableStock <= 0) return before;
    before = sample.atMs;
  }
  return Infinity;
}

/** The times at which at least one client surely waited, joined, sorted, cut to `within`. */
function waitingSpans(stints: readonly Stint[], within: Span): Span[] {
  const single: Span[] = [];
  for (const stint of stints) {
    if (!stint.waitedUntil) continue;
    const fromMs = Math.max(stint.joinedByMs, within.fromMs);
    const toMs = Math.min(stint.waitedUntil.invokedMs, within.toMs);
    if (toMs > fromMs) single.push({ fromMs, toMs });
  }
  single.sort((a, b) => a.fromMs - b.fromMs);
  const joined: Span[] = [];
  for (const span of single) {
    const last = joined.at(-1);
    if (!last || span.fromMs > last.toMs) joined.push(span);
    else if (span.toMs > last.toMs) joined[joined.length - 1] = { ...last, toMs: span.toMs };
  }
  return joined;
}

interface Stretch extends Span {
  /** Permits due at the bare rate less the passes that can have been issued. */
  readonly missing: number;
  readonly issuedAtMost: number;
}

/** The stretch within one span whose permits fall furthest behind the rate, in permits per ms. */
function worstStretch(
  spans: readonly Span[],
  stints: readonly Stint[],
  perMs: number,
): Stretch | undefined {
  const from = Float64Array.from(stints, (s) => s.issuedFromMs).sort();
  const to = Float64Array.from(stints, (s) => s.issuedToMs).sort();
  let begun = 0;
  let over = 0;
  let worst: Stretch | undefined;
  for (const span of spans) {
    while ((from[begun] ?? Infinity) < span.fromMs) begun++;
    while ((to[over] ?? Infinity) < span.fromMs) over++;
    let start = { atMs: span.fromMs, over };
    const lead = (one: { atMs: number; over: number }) => one.over - perMs * one.atMs;
    const end = (atMs: number) => {
      const issuedAtMost = begun - start.over;
      const missing = perMs * (atMs - start.atMs) - issuedAtMost;
      if (missing <= (worst?.missing ?? 0)) return;
      worst = { fromMs: start.atMs, toMs: atMs, missing, issuedAtMost };
    };
    for (;;) {
      const nextFrom = from[begun] ?? Infinity;
      const nextTo = to[over] ?? Infinity;
      const atMs = Math.min(nextFrom, nextTo);
      if (atMs > span.toMs) break;
      if (nextFrom <= nextTo) {
        end(atMs);
        begun++;
      } else {
        over++;
        const candidate = { atMs, over };
        if (lead(candidate) > lead(start)) start = candidate;
      }
    }
    end(span.toMs);
  }
  return worst;
}

function stretchInWords(worst: Stretch, due: number, stints: readonly Stint[]): Witness {
  const waiter = stints
    .filter((s) => (s.waitedUntil?.invokedMs ?? -1) > worst.fromMs && s.joinedByMs < worst.toMs)
    .reduce<Stint | undefined>(
      (best, s) => (overlap(s, worst) > overlap(best, worst) ? s : best),
      undefined,
    );
  const ops: Op[] = waiter?.waitedUntil ? [waiter.opening, waiter.waitedUntil] : [];
  const who = waiter ? ` (client ${waiter.client} was one)` : "";
  return {
    words:
      `from ${seconds(worst.fromMs)} s to ${seconds(worst.toMs)} s clients waited and polled` +
      `${who}, yet ${count(worst.issuedAtMost, "pass", "passes")} at most can have been issued ` +
      `where at least ${due} were due`,
    ops: ops.map((op) => op.id),
  };
}

function overlap(stint: Stint | undefined, span: Span): number {
  if (!stint?.waitedUntil) return 0;
  const toMs = Math.min(stint.waitedUntil.invokedMs, span.toMs);
  return toMs - Math.max(stint.joinedByMs, span.fromMs);
}
