/** Which crowd shows which sin soonest: small sales of a few seconds, each made for its mutants. */
import type { MutantName } from "../../services/common/contracts/mutants.ts";
import type { CrowdOptions } from "../commands/options.ts";

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
  crowd: { ...LINE, clients: 300, permitsPerMinute: 900, arrivalSeconds: 3, maxSeconds: 20 },
  settings: {},
};
const GONE: Profile = {
  crowd: { ...LINE, clients: 250, permitsPerMinute: 900, absent: 15, maxSeconds: 28 },
  settings: {},
};
/** Payments are given up after a second or two, so that what stays open is seen to. */
const IMPATIENT = { PAYMENT_DEADLINE_SECONDS: "2", SAGA_RETRY_SECONDS: "1" };
const SETTLING = { settleSeconds: 10, settleWithinSeconds: 8 };
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

export const PROFILES: Readonly<Record<MutantName, Profile>> = {
  "W1-no-limit": SLOW_GATE,
  "W2-double-burst": TWO_BURSTS,
  "W2-one-too-many": BURST,
  "W3-head-only": GONE,
  "W4-absent-eat-permits": GONE,
  "W5-join-twice": LONG_LINE,
  "W5-poll-is-a-join": LONG_LINE,
  "W6-order-by-name": LONG_LINE,
  "W7-place-expires": LONG_LINE,
  "W8-two-passes": SALE,
  "W9-spent-twice": THIEVES,
  "W10-foreign-pass": THIEVES,
  "W10-any-pass": THIEVES,
  "W11-burnt-pass": RUNNING_OUT,
  "S1-lost-update": ONE_BY_ONE,
  "S2-negative": SALE,
  "S2-fraction": SALE,
  "S3-given-back-twice": SALE,
  "S4-held-for-ever": SILENCE,
  "S5-sold-out-500": SALE,
  "S6-foreign-reservation": SALE,
  "S6-confirmed-unpaid": SALE,
  "S7-no-window": ONE_BY_ONE,
  "S7-no-limit": ONE_BY_ONE,
  "R1-catalogue-again": SALE,
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
