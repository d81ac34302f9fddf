/** Snapshots for tests: nothing yet, the midst of a sale, very large, and judged. */
import type { Spread } from "../engine/durations.ts";
import { type LatencyLine, type Snapshot, snapshotBefore } from "../engine/snapshot.ts";
import type { Verdict } from "../judge/verdict.ts";

export const emptySnapshot: Snapshot = snapshotBefore(0, 0);

/** In the midst of a sale: 251 of 600 seats taken. */
export const sellingSnapshot: Snapshot = {
  ...emptySnapshot,
  phase: "selling",
  elapsedMs: 12_340,
  progress: 0.41,
  etaSeconds: 20.4,
  clients: {
    total: 2_000,
    notArrived: 502,
    waiting: 1_203,
    buying: 20,
    confirmed: 231,
    cancelled: 3,
    soldOut: 12,
    leftEarly: 0,
    absent: 20,
    attackers: 9,
    gaveUp: 0,
  },
  admissions: { total: 251, lastMinute: 251, permitsPerMinute: 1_200 },
  placesTold: [3, 9, 90, 900, 201, 0, 0],
  stock: [
    { id: 1, name: "Standing", totalStock: 400, availableStock: 249, held: 151, pending: 12 },
    { id: 2, name: "Front row", totalStock: 200, availableStock: 100, held: 100, pending: 8 },
  ],
  bookings: { pending: 20, confirmed: 231, cancelled: 0 },
  latency: [
    timesOf("join", 1_498, { p50: 2.04, p90: 6.2, p99: 18.6, max: 44 }, [3, 4, 9, 18]),
    timesOf("reserve", 263, { p50: 8.1, p90: 31, p99: 121, max: 1_250.4 }, [0, 12, 121, 60]),
  ],
  errors: [{ kind: "refused", code: "OUT_OF_STOCK", count: 12 }],
  recentErrors: [{ atMs: 12_100, client: 471, op: "reserve", code: "OUT_OF_STOCK" }],
  tester: {
    sendLagMs: { p50: 0.2, p99: 1.9, max: 12 },
    eventLoopLagMs: { p99: 2.1, max: 9 },
    droppedArrivals: 0,
    requestsPerSecond: 640,
    inFlight: 43,
    rssMb: 182,
    connections: { open: 128, queued: 0 },
  },
  sagas: {
    ...{ charging: 12, confirming: 3, cancelling: 1, refunding: 0, overdue: 0 },
    oldest: {
      sagaId: "saga_9f8e7d6c-0000-4000-8000-000000000001",
      state: "CHARGING",
      ageMs: 2_300,
      next: "gives the seats back, and has the charge forbidden or refunded",
    },
  },
  chaos: { possible: true, on: false, kinds: ["pause", "payments"], faults: 0 },
  lineHistory: [0, 400, 900, 1_203],
  admissionHistory: [0, 20, 20, 21],
};

function timesOf(op: string, count: number, spread: Spread, p99History: number[]): LatencyLine {
  return { op, count, ...spread, raw: spread, p99History };
}

const MILLION = 1_000_000;

/** More of everything than a screen expects, and texts that try to break it. */
export const hugeSnapshot: Snapshot = {
  phase: "settling",
  elapsedMs: 7_384_000,
  progress: 0.9999,
  etaSeconds: 4_000,
  clients: {
    total: 100_000,
    notArrived: 1,
    waiting: 50_000,
    buying: 20_000,
    confirmed: 20_000,
    cancelled: 1_999,
    soldOut: 4_000,
    leftEarly: 0,
    absent: 2_000,
    attackers: 1_000,
    gaveUp: 1_000,
  },
  admissions: { total: 43_000, lastMinute: 100_001, permitsPerMinute: 100_000 },
  placesTold: [1, 9, 90, 900, 9_000, 90_000, 99_999],
  stock: Array.from({ length: 12 }, (_, id) => ({
    id,
    name: id % 2 === 0 ? "東京ドーム 一階席 🎫🎫" : "Balcony\u001b[2J left,\nrows 10 to 24",
    totalStock: 9 * MILLION,
    availableStock: id === 0 ? -3 : 8 * MILLION,
    held: id === 0 ? 9 * MILLION + 3 : MILLION - id,
    pending: id * 1_000,
  })),
  bookings: { pending: 123_456, confirmed: 20 * MILLION, cancelled: 99_999 },
  latency: [
    "join",
    "poll",
    "reserve",
    "follow",
    "cancel",
    "leave",
    "an-operation-by-a-long-name",
  ].map((op) => {
    const spread = { p50: 1_234.5, p90: 12_345.6, p99: 65_000, max: 3_600_000 };
    return timesOf(op, 12_345_678, spread, [1, 1_000_000, 0]);
  }),
  recentErrors: Array.from({ length: 20 }, (_, at) => ({
    ...{ atMs: 7_000_000 + at, client: 99_999, op: "reserve" },
    code: "A_CODE_THAT_IS_QUITE_LONG_AND_MADE_UP",
  })),
  errors: Array.from({ length: 9 }, (_, at) => ({
    kind: at === 1 ? "unknown" : at === 2 ? "overload" : "refused",
    code: at === 1 ? "TIMEOUT" : `A_CODE_THAT_IS_QUITE_LONG_AND_NUMBERED_${at}`,
    count: 10 ** (9 - at),
  })),
  tester: {
    sendLagMs: { p50: 5, p99: 14.2, max: 2_000 },
    eventLoopLagMs: { p99: 31, max: 900 },
    droppedArrivals: 12,
    requestsPerSecond: 123_456,
    inFlight: 100_000,
    rssMb: 16_384,
    connections: { open: 200_000, queued: 45_678 },
  },
  lineHistory: Array.from({ length: 120 }, (_, at) => at * 1_000),
  admissionHistory: Array.from({ length: 120 }, (_, at) => at % 7),
  verdicts: [],
  news: "sold out at 31.2 s\u0007, after a day that had been announced for months before",
};

function valid(promise: Verdict["promise"]): Verdict {
  return {
    promise,
    verdict: "valid",
    because:
      "the widest window of 60 s had 1200 of 1200 admissions, in 4312 windows that were looked at",
    checked: 4_312,
    witnesses: [],
  };
}

/** Done: stock broken with five witnesses, money unknown, six promises kept. */
export const brokenSnapshot: Snapshot = {
  ...sellingSnapshot,
  phase: "done",
  progress: 1,
  news: "sold out at 31.2 s",
  verdicts: [
    valid("rate"),
    valid("liveness"),
    valid("fairness"),
    valid("passes"),
    {
      promise: "stock",
      verdict: "broken",
      because: "605 seats were sold of 600, in product Standing, between 12.402 s and 12.911 s",
      checked: 605,
      witnesses: [1, 2, 3, 4, 5].map((at) => ({
        words:
          `client 471${at} reserved 1 seat at 12.40${at} s, number 60${at} of 600, ` +
          `with key 9f8e7d6c-0000-4000-8000-00000000000${at}`,
        ops: [at],
      })),
    },
    {
      promise: "money",
      verdict: "unknown",
      because: "the payment provider's statement could not be read",
      checked: 0,
      witnesses: [],
    },
    valid("input"),
    valid("access"),
  ],
};
