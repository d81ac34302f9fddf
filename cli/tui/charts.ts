/** Charts made of characters: sparklines, bars, and bars of several parts. */

const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * The newest `width` values as a row of blocks, newest at the right, from 0 to the highest shown.
 * Shorter than `width` when there are fewer values.
 */
export function sparkline(values: readonly number[], width: number): string {
  const shown = width < 1 ? [] : values.slice(-width);
  const highest = shown.reduce((high, value) => Math.max(high, value || 0), 0);
  return shown
    .map((value) => {
      const share = highest > 0 ? Math.max(0, value || 0) / highest : 0;
      return LEVELS[Math.min(LEVELS.length - 1, Math.ceil(share * (LEVELS.length - 1)))] ?? "▁";
    })
    .join("");
}

/** How many of a bar's cells are filled. */
export interface BarCells {
  readonly filled: number;
  readonly empty: number;
}

/**
 * Divides a bar of `width` cells at `share` (0 to 1, bounded). Honest at its ends: something is at
 * least one cell, and less than everything never fills the bar.
 */
export function barCells(share: number, width: number): BarCells {
  const cells = Math.max(0, Math.floor(width));
  const bounded = Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
  let filled = Math.round(bounded * cells);
  if (bounded > 0 && filled === 0) filled = Math.min(1, cells);
  if (bounded < 1 && filled === cells && cells > 1) filled = cells - 1;
  return { filled, empty: cells - filled };
}

/**
 * Divides `width` cells among parts in proportion to their values. Every part above zero gets a
 * cell while there are enough of them; the cells sum up to `width` unless all parts are zero.
 */
export function partCells(values: readonly number[], width: number): number[] {
  const cells = Math.max(0, Math.floor(width));
  const bounded = values.map((value) => (Number.isFinite(value) ? Math.max(0, value) : 0));
  const total = bounded.reduce((sum, value) => sum + value, 0);
  if (total === 0 || cells === 0) return values.map(() => 0);
  const exact = bounded.map((value) => (value / total) * cells);
  const given = exact.map((share) => (share > 0 ? Math.max(1, Math.floor(share)) : 0));
  for (let left = cells - given.reduce((sum, value) => sum + value, 0); left !== 0; ) {
    const step = left > 0 ? 1 : -1;
    // A last cell is taken away only when there are more parts than cells.
    const least = given.some((cell) => cell > 1) ? 1 : 0;
    // The part that is furthest from its due gets the cell, or gives one back.
    const debts = exact.map((share, at) =>
      share === 0 || (given[at] ?? 0) + step < least
        ? Number.NEGATIVE_INFINITY
        : (share - (given[at] ?? 0)) * step,
    );
    const chosen = debts.indexOf(Math.max(...debts));
    given[chosen] = (given[chosen] ?? 0) + step;
    left -= step;
  }
  return given;
}

/**
 * The newest `width` values as columns over `rows` lines, top line first, from 0 to the highest
 * shown. Where there are fewer values than cells the columns stand at the right, newest last.
 */
export function columnChart(values: readonly number[], width: number, rows: number): string[] {
  const cells = Math.max(0, Math.floor(width));
  const shown = cells < 1 ? [] : values.slice(-cells).map((value) => Math.max(0, value || 0));
  const highest = shown.reduce((high, value) => Math.max(high, value), 0);
  const steps = LEVELS.length;
  const heights = shown.map((value) =>
    highest > 0 ? Math.ceil((value / highest) * rows * steps) : 0,
  );
  return Array.from({ length: Math.max(0, rows) }, (_, row) => {
    const below = (rows - 1 - row) * steps;
    const line = heights.map((height) => {
      const level = Math.min(steps, height - below);
      return level <= 0 ? " " : (LEVELS[level - 1] ?? "█");
    });
    return line.join("").padStart(cells);
  });
}
