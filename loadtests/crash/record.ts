/** What the crowd did and was told: the one side of every equation, the books are the other. */

/** unknown: no answer, a cut connection, a 5xx. It may have happened or not. */
export type Outcome = "ok" | "refused" | "unknown";

export interface Attempt {
  /** Milliseconds since 1970, this machine's clock; the servers' is the same one. */
  readonly sentAtMs: number;
  readonly outcome: Outcome;
  /** HTTP status; 0: none came. */
  readonly status: number;
  readonly code: string;
}

/** One wish to buy, under one key, however often it was sent. */
export interface Purchase {
  readonly userId: number;
  readonly eventId: number;
  readonly productId: number;
  readonly quantity: number;
  readonly key: string;
  readonly passToken: string;
  readonly attempts: Attempt[];
  /** Every reservation that an answer named: more than one would be a second sale. */
  readonly told: { readonly reservationId: number; readonly sagaId: string }[];
  /** Set when the buyer asked for it to be cancelled. */
  cancellation?: Outcome;
}

export interface CrowdRecord {
  readonly purchases: Purchase[];
  /** Answers that no honest server gives, in words. */
  readonly absurd: string[];
  joins: number;
  refreshes: number;
}

export const emptyRecord = (): CrowdRecord => ({
  purchases: [],
  absurd: [],
  joins: 0,
  refreshes: 0,
});

/** How the purchase ended for the buyer: by the last thing they were told that decides it. */
export function outcomeOf({ attempts, told }: Purchase): Outcome {
  if (told.length > 0) return "ok";
  return attempts.at(-1)?.outcome ?? "unknown";
}
