/** Which crowd shows which sin soonest: small sales of a few seconds, each made for its mutants. */
import type { MutantName } from "../../services/common/contracts/mutants.ts";
import type { CrowdOptions } from "../commands/options.ts";
import type { PromiseName } from "../judge/verdict.ts";

const PROMISES: readonly PromiseName[] = [
  ...(["rate", "liveness", "fairness", "passes"] as const),
  ...(["stock", "money", "input", "access"] as const),
];

export interface Profile {
  readonly crowd: Partial<CrowdOptions>;
  /** On top of the stack's own. */
  readonly settings: Readonly<Record<string, string>>;
}

const BASE: CrowdOptions = {
  ...{ clients: 120, stock: 60, quantity: 1, permitsPerMinute: 3_000, pacing: "smooth" },
  ...{ arrivals: { how: "ramp" }, arrivalSeconds: 1, absent: 5, attackers: 20 },
  ...{ paymentFailure: 20, impatient: 0, patience: 60, doubleClicks: 0, retrying: 0 },
  ...{ workers: 1, sockets: "shared" },
  ...{ seed: 1, maxSeconds: 30, settleSeconds: 20, quiet: true },
};

export function crowdOf({ crowd }: Profile, seed: number, out: string): CrowdOptions {
  return { ...BASE, ...crowd, seed, out };
}

/** What this crowd could show to be broken: the rate only where there are more than it lets in. */
export function atRisk({ crowd }: Profile): readonly PromiseName[] {
  const { clients, permitsPerMinute } = { ...BASE, ...crowd };
  return PROMISES.filter((promise) => promise !== "rate" || clients > permitsPerMinute);
}

/** More clients than pieces, all over in some seconds. */
const SALE: Profile = { crowd: {}, settings: {} };
/** Each request to buy is a statement of its own. */
const ONE_BY_ONE: Profile = { crowd: {}, settings: { RESERVE_BATCH: "1" } };
const THIEVES: Profile = { crowd: { attackers: 40 }, settings: {} };
/** Products run out one after the other, while many hold a pass. */
const RUNNING_OUT: Profile = { crowd: { clients: 150, attackers: 0 }, settings: {} };
const LINE = { stock: 900, attackers: 0, paymentFailure: 0 };
/** A minute's permits in one burst, and many more who want one. */
const BURST: Profile = {
  crowd: { ...LINE, permitsPerMinute: 20, pacing: "burst", clients: 100, maxSeconds: 8 },
  settings: {},
};
/** The line is empty at the minute's edge, so that the second burst is seen by who comes then. */
const TWO_BURSTS: Profile = {
  crowd: { ...BURST.crowd, clients: 48, arrivalSeconds: 5, maxSeconds: 10 },
  settings: {},
};
const SLOW_GATE: Profile = {
  crowd: { ...LINE, permitsPerMinute: 60, maxSeconds: 6 },
  settings: {},
};
const LONG_LINE: Profile = {
  crowd: {
    ...{ ...LINE, clients: 300, permitsPerMinute: 900 },
    ...{ arrivalSeconds: 3, doubleClicks: 10, maxSeconds: 12 },
  },
  settings: {},
};
const GONE: Profile = {
  crowd: { ...LINE, clients: 250, permitsPerMinute: 900, absent: 15, maxSeconds: 16 },
  settings: {},
};
/** Payments are given up after a second or two, so that what stays open is seen to. */
const IMPATIENT = { PAYMENT_DEADLINE_SECONDS: "2", SAGA_RETRY_SECONDS: "1" };
const SETTLING = { maxSeconds: 6, settleSeconds: 7, settleWithinSeconds: 6 };
const SILENCE: Profile = {
  crowd: { ...SETTLING, attackers: 0, paymentFailure: 0 },
  settings: { ...IMPATIENT, PAYMENT_SILENT_PERCENT: "20", PAYMENT_TIMEOUT_MS: "1000" },
};
const DROPPING: Profile = { crowd: { ...SETTLING, attackers: 0 }, settings: {} };
const LATE: Profile = {
  crowd: { ...SETTLING, attackers: 0, paymentFailure: 0 },
  settings: {
    ...{ PAYMENT_DEADLINE_SECONDS: "1", SAGA_RETRY_SECONDS: "1" },
    ...{ PAYMENT_LATE_PERCENT: "40", PAYMENT_LATE_MS: "1500" },
  },
};

/** Half of them buy when their pass is over, are refused, and join again. */
const DAWDLING: Profile = {
  crowd: { ...LINE, clients: 40, dawdling: 50, passTtlSeconds: 5, maxSeconds: 12 },
  settings: {},
};
/** Some give back what was confirmed to them, and others buy it. */
const REGRETS: Profile = { crowd: { attackers: 0, regretting: 40 }, settings: {} };

export const PROFILES: Readonly<Record<MutantName, Profile>> = {
  "W1-no-limit": SLOW_GATE,
  "W2-double-burst": TWO_BURSTS,
  "W2-since-1970": SLOW_GATE,
  "W2-one-too-many": BURST,
  "W3-head-only": GONE,
  "W4-absent-eat-permits": GONE,
  "W5-join-twice": LONG_LINE,
  "W5-poll-is-a-join": LONG_LINE,
  "W6-order-by-name": LONG_LINE,
  "W6-two-clocks": LONG_LINE,
  "W7-place-expires": LONG_LINE,
  "W7-never-again": DAWDLING,
  "W8-two-passes": SALE,
  "W8-no-end": SALE,
  "W9-spent-twice": THIEVES,
  "W10-foreign-pass": THIEVES,
  "W10-late-pass": DAWDLING,
  "W10-other-sale": SALE,
  "W10-any-pass": THIEVES,
  "W11-burnt-pass": RUNNING_OUT,
  "S1-lost-update": ONE_BY_ONE,
  "S2-negative": SALE,
  "S2-zero": SALE,
  "S2-enormous": SALE,
  "S2-fraction": SALE,
  "S3-given-back-twice": REGRETS,
  "S3-no-refund": REGRETS,
  "S4-held-for-ever": SILENCE,
  "S5-sold-out-500": SALE,
  "S6-foreign-reservation": SALE,
  "S6-confirmed-unpaid": SALE,
  "S7-no-window": ONE_BY_ONE,
  "S7-no-limit": ONE_BY_ONE,
  "R1-catalogue-again": SALE,
  "R1-lost-line": LONG_LINE,
  "P1-ghost-charge": DROPPING,
  "P2-charged-twice": SALE,
  "P3-charged-and-failed": SALE,
  "P4-late-money-kept": LATE,
  "P5-order-dropped": DROPPING,
  "P5-booking-dropped": DROPPING,
  "P6-refund-believed": LATE,
  "A1-refresh-opens": SALE,
  "A1-refresh-twice": SALE,
  "A2-known-secret": SALE,
  "A3-told-by-text": SALE,
  "A3-told-by-time": SALE,
  "A4-open-gate": SALE,
};

/** What an honest build is shown: the very crowds that the mutants are. */
export const HONEST_PROFILES: readonly Profile[] = [...new Set(Object.values(PROFILES))];
