/** Money between the API's JSON numbers and whole cents; pure and exact. */

/**
 * The whole cents of an amount with at most two decimals; undefined for anything else. Exact: the
 * double nearest to a decimal of two places, times a hundred and rounded, is that decimal's cents,
 * and dividing back must give the very same double.
 */
export function centsOf(amount: unknown): number | undefined {
  if (typeof amount !== "number" || !Number.isFinite(amount)) return undefined;
  const cents = Math.round(amount * 100);
  return Number.isSafeInteger(cents) && cents / 100 === amount ? cents : undefined;
}

/** The JSON number of whole cents. */
export function amountOf(cents: number): number {
  return cents / 100;
}
