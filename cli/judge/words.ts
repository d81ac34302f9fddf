/** How numbers read in a judge's sentences: seconds, money, counted nouns. */

/** Milliseconds as "12.402". */
export function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** Whole cents as "120.00". */
export function money(cents: number): string {
  return (cents / 100).toFixed(2);
}

/** "1 pass", "3 passes", "1,204 polls". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;
}

/** "1st", "22nd", "101st". */
export function ordinal(n: number): string {
  const teen = n % 100 >= 11 && n % 100 <= 13;
  const ending = teen ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${ending}`;
}
