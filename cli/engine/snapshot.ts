/**
 * What a watcher may know of a run in progress. The engine fills one in when asked, about ten times
 * a second at most; it never knows who asks. Plain numbers and strings only: a snapshot crosses
 * process borders and is drawn by a terminal, a line printer or nobody.
 */
import type { StockLine, TesterHealth } from "../judge/history.ts";
import type { Verdict } from "../judge/verdict.ts";
import type { Spread } from "./durations.ts";

export interface Snapshot {
  /** starting: the stack comes up. settling: waits until every saga has ended. */
  readonly phase: "starting" | "selling" | "settling" | "judging" | "done";
  readonly elapsedMs: number;
  /** 0 to 1; how many of the planned clients have reached an end. */
  readonly progress: number;
  /** Seconds until everyone is done at the pace of the last 10 s; absent while it cannot be said. */
  readonly etaSeconds?: number;
  readonly clients: ClientCounts;
  /** True while a person holds back those who have not come yet; absent where that is not known. */
  readonly arrivalsPaused?: boolean;
  readonly admissions: {
    readonly total: number;
    /** Passes first seen by clients in the last 60 s. */
    readonly lastMinute: number;
    readonly permitsPerMinute: number;
  };
  /**
   * Of those in line, how many were last told that so many are ahead of them: none, 1 to 9, 10 to
   * 99 and so on; the last one counts all beyond.
   */
  readonly placesTold: readonly number[];
  /** `pending`: booked and not yet paid; absent where the target does not say. */
  readonly stock: readonly (StockLine & {
    readonly name: string;
    readonly pending?: number | undefined;
  })[];
  readonly bookings: {
    readonly pending: number;
    readonly confirmed: number;
    readonly cancelled: number;
  };
  readonly latency: readonly LatencyLine[];
  /** Answers that were not a yes, by problem code, most frequent first. */
  readonly errors: readonly ErrorLine[];
  /** The newest last, at most 20. */
  readonly recentErrors: readonly RecentError[];
  readonly tester: TesterHealth & {
    readonly requestsPerSecond: number;
    readonly inFlight: number;
    readonly rssMb: number;
    /** To the services; `queued` requests wait for a free one. */
    readonly connections: { readonly open: number; readonly queued: number };
  };
  /** Line length over time, newest last, one value a second, at most 120: for a sparkline. */
  readonly lineHistory: readonly number[];
  /** Admissions per second over time, likewise. */
  readonly admissionHistory: readonly number[];
  /** What has not ended at the coordinator; absent where nobody looks, or it does not answer. */
  readonly sagas?: OpenSagasSeen;
  /** Faults on purpose; absent before it is known whether there may be any. */
  readonly chaos?: Chaos;
  /** What is certain early; all of them from phase `done` on. */
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

/** Milliseconds from the intended start, and from the actual one. */
export interface LatencyLine extends Spread {
  readonly op: string;
  readonly count: number;
  readonly raw: Spread;
  /** The 99th percentile of each second, newest last, at most 60; 0 where nothing was answered. */
  readonly p99History: readonly number[];
}

/** refused: a no. overload: "not now". unknown: nobody knows what became of it. */
export type ErrorKind = "refused" | "overload" | "unknown";

export interface ErrorLine {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly count: number;
}

export interface RecentError {
  readonly atMs: number;
  readonly client: number;
  readonly op: string;
  readonly code: string;
}

/** Sagas under way at the target, of all its sales, and the one that stands still longest. */
export interface OpenSagasSeen {
  readonly charging: number;
  readonly confirming: number;
  readonly cancelling: number;
  readonly refunding: number;
  readonly overdue: number;
  readonly oldest?: {
    readonly sagaId: string;
    readonly state: string;
    readonly ageMs: number;
    /** What comes next, in words. */
    readonly next: string;
  };
}

export type Chaos =
  | { readonly possible: false; readonly because: string }
  | {
      readonly possible: true;
      readonly on: boolean;
      /** What may happen. */
      readonly kinds: readonly string[];
      /** How often it did. */
      readonly faults: number;
    };

/** See {@link Snapshot.placesTold}: none, 1 to 9, …, 100,000 and more. */
export const PLACE_DECADES = 7;

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
    placesTold: new Array<number>(PLACE_DECADES).fill(0),
    stock: [],
    bookings: { pending: 0, confirmed: 0, cancelled: 0 },
    latency: [],
    errors: [],
    recentErrors: [],
    tester: {
      sendLagMs: { p50: 0, p99: 0, max: 0 },
      eventLoopLagMs: { p99: 0, max: 0 },
      droppedArrivals: 0,
      requestsPerSecond: 0,
      inFlight: 0,
      rssMb: 0,
      connections: { open: 0, queued: 0 },
    },
    lineHistory: [],
    admissionHistory: [],
    verdicts: [],
  };
}
