/** Numbers, shares and durations as people read them in a terminal. */

/** What stands where a number cannot be said. */
export const NOT_KNOWN = "–";

/**
 * A whole number with its thousands apart: 1203 → "1 203". The gap is a plain space: in a grid of
 * equal cells a thin one looks the same, and not every terminal font has it.
 */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return NOT_KNOWN;
  const digits = Math.round(Math.abs(count)).toString();
  const grouped = digits.replace(/\B(?=(?:\d{3})+$)/g, " ");
  return count < 0 && digits !== "0" ? `-${grouped}` : grouped;
}

/** A share from 0 to 1 in whole per cent, rounded down so that "100 %" means everyone. */
export function formatPercent(share: number): string {
  if (!Number.isFinite(share)) return NOT_KNOWN;
  const bounded = Math.min(1, Math.max(0, share));
  // 0.29 × 100 is 28.999…: the tiny addition keeps exact shares exact.
  return `${Math.floor(bounded * 100 + 1e-9)} %`;
}

/** Milliseconds as "12.3 s", "3 m 05 s" or "1 h 02 m". */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return NOT_KNOWN;
  const tenths = Math.floor(Math.max(0, milliseconds) / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  return formatWholeSeconds(Math.floor(tenths / 10));
}

/** Seconds still to go, rounded up: "21 s", "3 m 05 s", "1 h 02 m". */
export function formatEta(seconds: number): string {
  return Number.isFinite(seconds) ? formatWholeSeconds(Math.ceil(Math.max(0, seconds))) : NOT_KNOWN;
}

/** Milliseconds as a bare number: one decimal below 10, whole above; no unit. */
export function formatMilliseconds(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return NOT_KNOWN;
  return Math.abs(milliseconds) < 9.95 ? milliseconds.toFixed(1) : formatCount(milliseconds);
}

function formatWholeSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${twoDigits(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${formatCount(Math.floor(minutes / 60))} h ${twoDigits(minutes % 60)} m`;
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, "0");
}

const UNITS = ["", "k", "M", "G", "T"] as const;

/** A whole number in at most `cells` cells where that can be: 12 345 678, else "12.3M", else "12M". */
export function fitCount(count: number, cells: number): string {
  const whole = formatCount(count);
  if (whole.length <= cells || whole === NOT_KNOWN) return whole;
  let value = Math.abs(count);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const sign = count < 0 ? "-" : "";
  const fine = `${sign}${value.toFixed(1)}${UNITS[unit]}`;
  return fine.length <= cells ? fine : `${sign}${Math.round(value)}${UNITS[unit]}`;
}

/** Milliseconds as a bare number, likewise: "1 234", "12.3k". */
export function fitMilliseconds(milliseconds: number, cells: number): string {
  const exact = formatMilliseconds(milliseconds);
  return exact.length <= cells ? exact : fitCount(milliseconds, cells);
}
