/**
 * What goes wrong in a run. Each occasion for a fault has a name, its kind and its number; whether it
 * strikes follows from the seed and that name alone, or from a list of names. So a run can be played
 * again with some of its faults left out, and the rest stay what they were.
 */

export const FAULTS = [
  /** A process dies before its next event. */
  "crash",
  /** A process is stopped as an operator would, and finishes what is on its way. */
  "stop",
  "requestLost",
  "answerLost",
  "duplicate",
  /** A message that takes seconds: others overtake it. */
  "slowMessage",
  "slowStatement",
  "statementFails",
  /** No connection to the database is had: nothing was done, and the caller knows it. */
  "databaseAway",
  /** The connection is cut: nobody knows what became of the transaction. */
  "cutBeforeCommit",
  "cutAfterCommit",
  "chargeDeclined",
  /** The provider never gets the request. */
  "chargeSilent",
  /** The provider acts at once and answers late. */
  "answerLate",
  /** The request reaches the provider after it was asked what became of it. */
  "requestLate",
  /** The provider takes its time to decide. */
  "chargePending",
  /** The provider acts, and the connection breaks. */
  "providerBreaks",
  "refundRefused",
] as const;
export type Fault = (typeof FAULTS)[number];

/** The largest share of occasions at which a fault strikes, in a run that has drawn it. */
const LARGEST: Readonly<Record<Fault, number>> = {
  crash: 0.01,
  stop: 0.002,
  requestLost: 0.2,
  answerLost: 0.2,
  duplicate: 0.3,
  slowMessage: 0.2,
  slowStatement: 0.5,
  statementFails: 0.05,
  databaseAway: 0.05,
  cutBeforeCommit: 0.05,
  cutAfterCommit: 0.05,
  chargeDeclined: 0.5,
  chargeSilent: 0.5,
  answerLate: 0.5,
  requestLate: 0.5,
  chargePending: 0.5,
  providerBreaks: 0.3,
  refundRefused: 0.5,
};

const INDEX = Object.fromEntries(FAULTS.map((kind, at) => [kind, at])) as Record<Fault, number>;

export interface Struck {
  /** `crash#17` */
  readonly name: string;
  readonly atMs: number;
  /** Whom or what it struck. */
  readonly whom: string;
}

export class Faults {
  readonly #seed: number;
  readonly #rates: readonly number[];
  readonly #only: ReadonlySet<string> | undefined;
  readonly #occasions: number[] = FAULTS.map(() => 0);
  readonly struck: Struck[] = [];
  onStrike: (struck: Struck) => void = () => {};
  /** Set when the weather clears: nothing strikes from then on. */
  over = false;

  /** `only`: these strike, and no others. */
  constructor(seed: number, only?: readonly string[]) {
    this.#seed = seed;
    this.#only = only && new Set(only);
    // Swarm testing: each run draws its own weather, and half of all faults are absent from it. A
    // run in which everything happens hides what needs something not to happen.
    const fair = fraction(seed, 101, 0) < 0.1;
    this.#rates = FAULTS.map((kind, at) => {
      if (fair || fraction(seed, 102, at) < 0.5) return 0;
      return LARGEST[kind] * fraction(seed, 103, at) ** 2;
    });
  }

  /** Whether the fault strikes at this occasion, of which each kind has its own count. */
  strikes(kind: Fault, atMs: number, whom: string): boolean {
    if (this.over) return false;
    const at = INDEX[kind];
    const occasion = this.#occasions[at]!;
    this.#occasions[at] = occasion + 1;
    if (this.#only) {
      if (!this.#only.has(`${kind}#${occasion}`)) return false;
    } else {
      const rate = this.#rates[at]!;
      if (rate === 0 || fraction(this.#seed, at, occasion) >= rate) return false;
    }
    const struck = { name: `${kind}#${occasion}`, atMs, whom };
    this.struck.push(struck);
    this.onStrike(struck);
    return true;
  }

  /** How bad the fault is that has just struck: from `least` to `most`, the small more often. */
  extent(kind: Fault, least: number, most: number): number {
    const at = INDEX[kind];
    const drawn = fraction(this.#seed, 50 + at, this.#occasions[at]!);
    return least + (most - least) * drawn * drawn;
  }
}

/** 0 ≤ x < 1; the same for the same three. */
export function fraction(seed: number, what: number, number: number): number {
  let hash = mix(seed ^ Math.imul(what + 1, 0x9e3779b9));
  hash = mix(hash ^ Math.imul(number + 1, 0x85ebca6b));
  return (hash >>> 0) / 0x1_0000_0000;
}

/** The finaliser of MurmurHash3. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
