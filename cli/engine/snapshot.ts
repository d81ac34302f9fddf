/**
 * What a watcher may know of a run in progress. The engine fills one in when asked, about ten times
 * a second at most; it never knows who asks. Plain numbers and strings only: a snapshot crosses
 * process borders and is drawn by a terminal, a line printer or nobody.
 */
import type { StockLine, TesterHealth } from "../judge/history.ts";
import type { Verdict } from "../judge/verdict.ts";

export interface Snapshot {
  /** starting: the stack comes up. settling: waits until every saga has ended. */
  readonly phase: "starting" | "selling" | "settling" | "judging" | "done";
  readonly elapsedMs: number;
  /** 0 to 1; how many of the planned clients have reached an end. */
  readonly progress: number;
  /** Seconds until everyone is done at the pace of the last 10 s; absent while it cannot be said. */
  readonly etaSeconds?: number;
  readonly clients: ClientCounts;
  /** True while a person holds back those who have not come yet; absent where nobody can. */
  readonly arrivalsPaused?: boolean;
  readonly admissions: {
    readonly total: number;
    /** Passes first seen by clients in the last 60 s. */
    readonly lastMinute: number;
    readonly permitsPerMinute: number;
  };
  readonly stock: readonly (StockLine & { readonly name: string })[];
  readonly bookings: {
    readonly pending: number;
    readonly confirmed: number;
    readonly cancelled: number;
  };
  readonly latency: readonly LatencyLine[];
  /** Answers that were not a yes, by problem code, most frequent first. */
  readonly errors: readonly { readonly code: string; readonly count: number }[];
  readonly tester: TesterHealth & {
    readonly requestsPerSecond: number;
    readonly inFlight: number;
    readonly rssMb: number;
  };
  /** Line length over time, newest last, one value a second, at most 120: for a sparkline. */
  readonly lineHistory: readonly number[];
  /** Admissions per second over time, likewise. */
  readonly admissionHistory: readonly number[];
  /** Filled in from phase `done` on. */
  readonly verdicts: readonly Verdict[];
  /** The last thing worth telling, for example "sold out at 31.2 s". */
  readonly news?: string;
}

/** Where the clients are now; they sum up to `total`. */
export interface ClientCounts {
  readonly total: number;
  readonly notArrived: number;
  readonly waiting: number;
  /** Holding a pass, buying or following a booking. */
  readonly buying: number;
  readonly confirmed: number;
  /** Booked, then cancelled (a payment failed). */
  readonly cancelled: number;
  /** Ended without a booking because everything was sold. */
  readonly soldOut: number;
  /** Left the line, for it took too long. */
  readonly leftEarly: number;
  /** Joined and never came back, as planned. */
  readonly absent: number;
  /** Attackers that have ended. */
  readonly attackers: number;
  /** Gave up: too many unanswered requests, or the run ended first. */
  readonly gaveUp: number;
}

export interface LatencyLine {
  readonly op: string;
  readonly count: number;
  /** Milliseconds from the intended start. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Nobody has arrived. */
export function nobodyYet(total: number): ClientCounts {
  return {
    total,
    notArrived: total,
    waiting: 0,
    buying: 0,
    confirmed: 0,
    cancelled: 0,
    soldOut: 0,
    leftEarly: 0,
    absent: 0,
    attackers: 0,
    gaveUp: 0,
  };
}

/** What there is to see before the first client: the plan. */
export function snapshotBefore(clients: number, permitsPerMinute: number): Snapshot {
  return {
    phase: "starting",
    elapsedMs: 0,
    progress: 0,
    clients: nobodyYet(clients),
    admissions: { total: 0, lastMinute: 0, permitsPerMinute },
    stock: [],
    bookings: { pending: 0, confirmed: 0, cancelled: 0 },
    latency: [],
    errors: [],
    tester: {
      sendLagMs: { p50: 0, p99: 0, max: 0 },
      eventLoopLagMs: { p99: 0, max: 0 },
      droppedArrivals: 0,
      requestsPerSecond: 0,
      inFlight: 0,
      rssMb: 0,
    },
    lineHistory: [],
    admissionHistory: [],
    verdicts: [],
  };
}
