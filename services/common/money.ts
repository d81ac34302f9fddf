/**
 * Money is whole cents between the database and the API: integers add and compare exactly.
 * PostgreSQL gives numeric(12,2) as text ("49.90"), the API speaks JSON numbers (49.9).
 */

/** "49.90" → 4990. Throws on anything that is not a decimal with at most two places: a bug. */
export function centsFromText(text: string): number {
  const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text);
  if (!match) throw new Error(`not an amount of money: ${text}`);
  const cents = Number(match[2]) * 100 + Number((match[3] ?? "").padEnd(2, "0"));
  return match[1] === "-" ? -cents : cents;
}

/** 4990 → "49.90", for the database. */
export function textFromCents(cents: number): string {
  const whole = Math.trunc(Math.abs(cents) / 100);
  const rest = String(Math.abs(cents) % 100).padStart(2, "0");
  return `${cents < 0 ? "-" : ""}${whole}.${rest}`;
}

/** 4990 → 49.9, for a JSON answer: the shortest decimal, so 49.90 and nothing after it. */
export function numberFromCents(cents: number): number {
  return cents / 100;
}

/** 49.9 → 4990; undefined when the number has more than two decimals or is not finite. */
export function centsFromNumber(amount: number): number | undefined {
  const cents = Math.round(amount * 100);
  return Number.isSafeInteger(cents) && cents / 100 === amount ? cents : undefined;
}
