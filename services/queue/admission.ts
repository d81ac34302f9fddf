/** How many passes may be issued now, and when to look again: pacing, sliding window, sale window. */
import type { Settings } from "../common/contracts/queue.ts";

/** No window of this length, its end included, holds more admissions than the limit. */
export const WINDOW_MS = 60_000;

/**
 * Smooth pacing: permits that nobody took accumulate for this long and no longer. A timer that
 * looks up to a second late thus loses none, and a line that was empty gets no flood.
 */
const ACCUMULATED_MS = 1_000;

export type AdmissionSettings = Pick<Settings, "permitsPerMinute" | "pacing" | "paused">;

/** When passes of an event may be issued: from `opensAtMs` until before `closesAtMs`, ms since 1970. */
export interface Sale {
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  readonly cancelled: boolean;
}

/** Instants in ascending order; an array will do. */
export interface Times {
  readonly length: number;
  at(index: number): number | undefined;
}

/** What was issued so far. */
export interface Issued {
  /** Oldest first, at least all those of the last {@link WINDOW_MS}. */
  readonly times: Times;
  /**
   * Smooth pacing: when the next evenly spaced permit opens; -Infinity at first. It is kept and not
   * found anew from `times`, or every late look would push all later permits back.
   */
  readonly nextPermitAtMs: number;
  /**
   * The room has lost what it knew: nobody is admitted before this instant, so that those who
   * stood in line can come back to their places, and no window counts too few.
   */
  readonly closedUntilMs: number;
}

/** `lookAgainAtMs`: nothing changes earlier by itself; undefined: only an operator changes it. */
export type Gate =
  | { readonly gate: "open"; readonly permits: number; readonly lookAgainAtMs: number }
  | {
      readonly gate: "closed";
      readonly because: "notBegun" | "ended" | "cancelled" | "paused" | "recovering";
      readonly lookAgainAtMs: number | undefined;
    };

export function decideAdmission(
  issued: Issued,
  nowMs: number,
  settings: AdmissionSettings,
  sale: Sale,
): Gate {
  type Why = "notBegun" | "ended" | "cancelled" | "paused" | "recovering";
  const closed = (because: Why, again?: number): Gate => {
    return { gate: "closed", because, lookAgainAtMs: again };
  };
  if (sale.cancelled) return closed("cancelled");
  if (nowMs >= sale.closesAtMs) return closed("ended");
  if (settings.paused) return closed("paused");
  if (nowMs < sale.opensAtMs) return closed("notBegun", sale.opensAtMs);
  if (nowMs < issued.closedUntilMs) return closed("recovering", issued.closedUntilMs);
  const permits = permitsAt(issued, nowMs, settings);
  return { gate: "open", permits, lookAgainAtMs: nextPermitMs(issued, nowMs, settings) };
}

/** `nextPermitAtMs` after `count` passes were issued at `nowMs`. */
export function paceAfter(
  issued: Issued,
  count: number,
  nowMs: number,
  settings: AdmissionSettings,
): number {
  return pacedFrom(issued, nowMs, settings) + count * intervalMs(settings);
}

/** When the next permit opens, or `nowMs` when one is open. */
export function nextPermitMs(issued: Issued, nowMs: number, settings: AdmissionSettings): number {
  const paced =
    settings.pacing === "smooth" ? Math.ceil(pacedFrom(issued, nowMs, settings)) : -Infinity;
  const windowMs = windowOpensMs(issued.times, nowMs, settings.permitsPerMinute);
  return Math.max(nowMs, issued.closedUntilMs, paced, windowMs);
}

export function intervalMs({ permitsPerMinute }: AdmissionSettings): number {
  return WINDOW_MS / permitsPerMinute;
}

/** The index of the first admission that still counts at `nowMs`. */
export function firstCounted(times: Times, nowMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times.at(middle)! < nowMs - WINDOW_MS) low = middle + 1;
    else high = middle;
  }
  return low;
}

function permitsAt(issued: Issued, nowMs: number, settings: AdmissionSettings): number {
  const counted = issued.times.length - firstCounted(issued.times, nowMs);
  const left = Math.max(0, settings.permitsPerMinute - counted);
  if (settings.pacing === "burst") return left;
  const aheadMs = nowMs - pacedFrom(issued, nowMs, settings);
  if (aheadMs < 0) return 0;
  return Math.min(left, Math.floor(aheadMs / intervalMs(settings)) + 1);
}

/** Between what may have accumulated and one interval ahead, which a raised rate shortens at once. */
function pacedFrom(issued: Issued, nowMs: number, settings: AdmissionSettings): number {
  const earliest = nowMs - ACCUMULATED_MS;
  const latest = nowMs + intervalMs(settings);
  return Math.min(latest, Math.max(earliest, issued.nextPermitAtMs));
}

/** An admission at t counts up to and including t + WINDOW_MS. */
function windowOpensMs(times: Times, nowMs: number, permitsPerMinute: number): number {
  const blocking = times.length - permitsPerMinute;
  if (blocking < 0) return nowMs;
  return Math.max(nowMs, times.at(blocking)! + WINDOW_MS + 1);
}
