/** Searches the highest rate that holds: doubling until one does not, then halving the gap; pure. */

export interface Tried {
  readonly rate: number;
  readonly holds: boolean;
}

export interface SearchLimits {
  readonly from: number;
  readonly most: number;
  /** Done when the lowest that fails is at most so much above the highest that holds: 0.1 is 10 %. */
  readonly within: number;
}

/**
 * The rate to try next; undefined when it is found, which takes about log2(highest ÷ from) +
 * log2(1 ÷ within) steps. A rate that failed stays failed: it is not tried again.
 */
export function nextRate(tried: readonly Tried[], { from, most, within }: SearchLimits) {
  const highest = highestHolding(tried);
  const lowest = Math.min(...tried.filter(({ holds }) => !holds).map(({ rate }) => rate));
  if (lowest === Number.POSITIVE_INFINITY) {
    if (highest === undefined) return from;
    return highest >= most ? undefined : Math.min(most, highest * 2);
  }
  // Not even the first rate held: down, until one does or none is left.
  if (highest === undefined) return lowest > 1 ? Math.max(1, Math.floor(lowest / 2)) : undefined;
  const middle = Math.round((highest + lowest) / 2);
  const done = lowest <= highest * (1 + within) || middle <= highest || middle >= lowest;
  return done ? undefined : middle;
}

export function highestHolding(tried: readonly Tried[]): number | undefined {
  const failed = Math.min(...tried.filter(({ holds }) => !holds).map(({ rate }) => rate));
  const held = tried.filter(({ rate, holds }) => holds && rate < failed).map(({ rate }) => rate);
  return held.length === 0 ? undefined : Math.max(...held);
}
