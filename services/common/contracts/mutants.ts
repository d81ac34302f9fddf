/** The switchable sins by name: each is planted by MUTANT=name, and must break a promise it names. */

export interface Mutant {
  /** What is wrong with it, in words that follow "a shop in which". */
  readonly about: string;
  /** One of these must be found broken. */
  readonly breaks: readonly MutantPromise[];
}

export type MutantPromise =
  | ("rate" | "liveness" | "fairness" | "passes")
  | ("stock" | "money" | "input" | "access");

const ROOM = {
  "W1-no-limit": { about: "nobody is ever held back", breaks: ["rate"] },
  "W2-double-burst": {
    about: "permits are counted by the clock's minute: at its edge comes a second burst",
    breaks: ["rate"],
  },
  "W2-since-1970": {
    about: "the permits of every minute since 1970 are saved up",
    breaks: ["rate"],
  },
  "W2-one-too-many": { about: "the window admits one more than it may", breaks: ["rate"] },
  "W3-head-only": {
    about: "only the head of the line gets a pass, and only when it polls",
    breaks: ["liveness"],
  },
  "W4-absent-eat-permits": {
    about: "clients who are gone use up permits",
    breaks: ["liveness"],
  },
  "W5-join-twice": { about: "a second join moves the client to the back", breaks: ["fairness"] },
  "W5-poll-is-a-join": { about: "asking again begins a new place", breaks: ["fairness"] },
  "W6-order-by-name": {
    about: "the line is ordered by the client's id as text",
    breaks: ["fairness"],
  },
  "W6-two-clocks": {
    about: "two servers order the line by their own clocks, of which one is late",
    breaks: ["fairness"],
  },
  "W7-never-again": {
    about: "a client that has had a pass can never join again",
    breaks: ["liveness"],
  },
  "W7-place-expires": {
    about: "a place ends although its owner waits and polls",
    breaks: ["liveness", "fairness"],
  },
  "W8-two-passes": {
    about: "a client that asks again is minted a second pass beside the first",
    breaks: ["passes"],
  },
  "W8-no-end": { about: "a pass has no end", breaks: ["passes"] },
  "W9-spent-twice": { about: "a spent pass opens the gate again", breaks: ["passes"] },
  "W10-foreign-pass": { about: "a pass opens the gate for anybody", breaks: ["passes"] },
  "W10-late-pass": { about: "a pass opens the gate after its time", breaks: ["passes"] },
  "W10-other-sale": { about: "a pass of one sale opens another", breaks: ["passes"] },
  "W10-any-pass": { about: "whatever looks like a pass opens the gate", breaks: ["passes"] },
  "W11-burnt-pass": { about: "a refused purchase costs the pass", breaks: ["passes"] },
} as const;

const SALE = {
  "S1-lost-update": { about: "every fourth update of the stock is lost", breaks: ["stock"] },
  "S2-negative": { about: "a negative quantity is bent into a positive one", breaks: ["input"] },
  "S2-zero": { about: "nothing at all is rounded up to one piece", breaks: ["input"] },
  "S2-enormous": { about: "an enormous quantity is cut to what there is", breaks: ["input"] },
  "S2-fraction": { about: "a fraction of a piece is rounded and sold", breaks: ["input"] },
  "S3-given-back-twice": { about: "a cancellation gives the stock back twice", breaks: ["stock"] },
  "S3-no-refund": {
    about: "the cancellation of a confirmed order gives no money back",
    breaks: ["money"],
  },
  "S4-held-for-ever": {
    about: "a reservation whose payment never answers keeps its seats",
    breaks: ["liveness", "stock"],
  },
  "S5-sold-out-500": { about: "sold out is answered with a failure", breaks: ["input"] },
  "S6-foreign-reservation": {
    about: "anybody reads and cancels any reservation",
    breaks: ["access"],
  },
  "S6-confirmed-unpaid": {
    about: "a booking is confirmed although its payment failed",
    breaks: ["money"],
  },
  "S7-no-window": { about: "a sale goes on after its end", breaks: ["input"] },
  "S7-no-limit": { about: "one person may buy as much as there is", breaks: ["input"] },
  "R1-catalogue-again": { about: "the catalogue is loaded once more", breaks: ["stock"] },
  "R1-lost-line": {
    about: "the line is lost in the middle of the sale, and nobody gets the old place back",
    breaks: ["liveness", "fairness"],
  },
} as const;

const MONEY = {
  "P1-ghost-charge": {
    about: "the order to charge for a purchase that was rolled back is sent all the same",
    breaks: ["money"],
  },
  "P2-charged-twice": { about: "an order that comes twice charges twice", breaks: ["money"] },
  "P3-charged-and-failed": {
    about: "a payment is reported as failed after the charge",
    breaks: ["money"],
  },
  "P4-late-money-kept": {
    about: "a payment that completes after the cancellation is not refunded",
    breaks: ["money"],
  },
  "P5-order-dropped": {
    about: "a confirmation that cannot be handled is dropped: paid, but pending for ever",
    breaks: ["liveness", "money"],
  },
  "P5-booking-dropped": {
    about: "the message of a purchase is dropped: no saga ever hears of it",
    breaks: ["liveness", "money"],
  },
  "P6-refund-believed": {
    about: "a compensation that fails is written down as done",
    breaks: ["money"],
  },
} as const;

const ACCESS = {
  "A1-refresh-opens": {
    about: "a refresh token works as an access token",
    breaks: ["access"],
  },
  "A1-refresh-twice": { about: "a refresh token works twice", breaks: ["access"] },
  "A2-known-secret": {
    about: "a secret that stands in the repository signs for everything",
    breaks: ["access"],
  },
  "A3-told-by-text": { about: "a login says which e-mails exist", breaks: ["access"] },
  "A3-told-by-time": {
    about: "a login hashes only where the e-mail exists",
    breaks: ["access"],
  },
  "A4-open-gate": { about: "the internal endpoint is open to all", breaks: ["access"] },
} as const;

const ALL = { ...ROOM, ...SALE, ...MONEY, ...ACCESS };

export type MutantName = keyof typeof ALL;

export const MUTANTS: Readonly<Record<MutantName, Mutant>> = ALL;

export const MUTANT_NAMES = Object.keys(ALL) as MutantName[];
