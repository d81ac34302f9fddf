/** Adds up what several workers of one run see; pure but for unpacking histograms. */
import type { TesterHealth } from "../../judge/history.ts";
import type { Verdict } from "../../judge/verdict.ts";
import { byFrequency, Durations, type MeterReadings } from "../meters.ts";
import type { ClientCounts, ErrorLine, LatencyLine, Snapshot } from "../snapshot.ts";
import type { WorkerView } from "./worker-messages.ts";

/** Of the last errors of all workers together. */
const MAX_RECENT = 20;

/** As if one process had seen it all. There is a view at least. */
export function mergeSnapshots(views: readonly WorkerView[]): Snapshot {
  const all = views.map(({ snapshot }) => snapshot);
  const first = all[0]!;
  const sum = (of: (snapshot: Snapshot) => number) => all.reduce((n, one) => n + of(one), 0);
  const clients = sumOf(all.map((one) => one.clients));
  const etas = all.flatMap(({ etaSeconds }) => etaSeconds ?? []);
  const news = all.find((one) => one.news !== undefined)?.news;
  return {
    phase: all.some(({ phase }) => phase === "selling") ? "selling" : first.phase,
    elapsedMs: Math.max(...all.map(({ elapsedMs }) => elapsedMs)),
    progress: sum((one) => one.progress * one.clients.total) / clients.total,
    ...(etas.length === 0 ? {} : { etaSeconds: Math.max(...etas) }),
    clients,
    admissions: {
      total: sum((one) => one.admissions.total),
      lastMinute: sum((one) => one.admissions.lastMinute),
      permitsPerMinute: first.admissions.permitsPerMinute,
    },
    placesTold: addUp(all.map((one) => one.placesTold)),
    stock: first.stock,
    bookings: {
      pending: sum((one) => one.bookings.pending),
      confirmed: sum((one) => one.bookings.confirmed),
      cancelled: sum((one) => one.bookings.cancelled),
    },
    latency: mergeLatency(views),
    errors: mergeErrors(all),
    recentErrors: all
      .flatMap(({ recentErrors }) => recentErrors)
      .sort((a, b) => a.atMs - b.atMs)
      .slice(-MAX_RECENT),
    tester: {
      ...mergeHealth(views.map(({ snapshot, meters }) => ({ tester: snapshot.tester, meters }))),
      requestsPerSecond: sum((one) => one.tester.requestsPerSecond),
      inFlight: sum((one) => one.tester.inFlight),
      rssMb: sum((one) => one.tester.rssMb),
      connections: {
        open: sum((one) => one.tester.connections.open),
        queued: sum((one) => one.tester.connections.queued),
      },
    },
    lineHistory: sumSeries(all.map((one) => one.lineHistory)),
    admissionHistory: sumSeries(all.map((one) => one.admissionHistory)),
    verdicts: earliest(all),
    ...(news === undefined ? {} : { news }),
  };
}

export interface HealthReading {
  readonly tester: TesterHealth;
  readonly meters: Pick<MeterReadings, "sendLag">;
}

/** Lateness of all requests together, the worst event loop, and each worker's own lateness. */
export function mergeHealth(readings: readonly HealthReading[]): TesterHealth {
  const loops = readings.map(({ tester }) => tester.eventLoopLagMs);
  return {
    sendLagMs: added(readings.map(({ meters }) => meters.sendLag)).percentiles(),
    eventLoopLagMs: {
      p99: Math.max(...loops.map(({ p99 }) => p99)),
      max: Math.max(...loops.map(({ max }) => max)),
    },
    droppedArrivals: readings.reduce((n, { tester }) => n + tester.droppedArrivals, 0),
    workerSendLagP99Ms: readings.map(({ tester }) => tester.sendLagMs.p99),
  };
}

export function added(packed: readonly string[]): Durations {
  const durations = new Durations();
  for (const one of packed) durations.addPacked(one);
  return durations;
}

function mergeLatency(views: readonly WorkerView[]): LatencyLine[] {
  const byOp = new Map<string, { corrected: string[]; raw: string[] }>();
  for (const { meters } of views) {
    for (const [op, corrected, raw] of meters.latency) {
      const known = byOp.get(op) ?? { corrected: [], raw: [] };
      known.corrected.push(corrected);
      known.raw.push(raw);
      byOp.set(op, known);
    }
  }
  return [...byOp].map(([op, packed]) => {
    const corrected = added(packed.corrected);
    return {
      op,
      count: corrected.count,
      ...corrected.spread(),
      raw: added(packed.raw).spread(),
      p99History: worstOf(views, op),
    };
  });
}

/** What one process has found certain is certain, whatever the others have seen. */
function earliest(all: readonly Snapshot[]): Verdict[] {
  const found = new Map<string, Verdict>();
  for (const { verdicts } of all) {
    for (const one of verdicts) if (!found.has(one.promise)) found.set(one.promise, one);
  }
  return [...found.values()];
}

/** Percentiles cannot be added up: each second shows the worker that was worst off. */
function worstOf(views: readonly WorkerView[], op: string): number[] {
  const courses = views.flatMap(({ snapshot }) => {
    const line = snapshot.latency.find((one) => one.op === op);
    return line === undefined ? [] : [line.p99History];
  });
  const length = Math.max(0, ...courses.map((course) => course.length));
  return Array.from({ length }, (_, at) =>
    Math.max(0, ...courses.map((course) => course[course.length - length + at] ?? 0)),
  );
}

function mergeErrors(all: readonly Snapshot[]): ErrorLine[] {
  const lines = new Map<string, ErrorLine>();
  for (const { errors } of all) {
    for (const line of errors) {
      const count = (lines.get(line.code)?.count ?? 0) + line.count;
      lines.set(line.code, { ...line, count });
    }
  }
  return [...lines.values()].sort(byFrequency);
}

function sumOf(all: readonly ClientCounts[]): ClientCounts {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums as unknown as ClientCounts;
}

function addUp(all: readonly (readonly number[])[]): number[] {
  return all[0]!.map((_, at) => all.reduce((n, one) => n + (one[at] ?? 0), 0));
}

/** Series that end now; the shortest one says how far back the sum goes. */
function sumSeries(series: readonly (readonly number[])[]): number[] {
  const length = Math.min(...series.map((one) => one.length));
  const sums = new Array<number>(length).fill(0);
  for (const one of series) {
    const skipped = one.length - length;
    for (let i = 0; i < length; i += 1) sums[i]! += one[skipped + i]!;
  }
  return sums;
}
