/** Draws a snapshot of a run from what the engine keeps; pure. */
import type { TesterHealth } from "../judge/history.ts";
import type { Verdict } from "../judge/verdict.ts";
import type { Bookings } from "./crowd.ts";
import type { StockReading } from "./display-board.ts";
import type { Meters } from "./meters.ts";
import type { ClientCounts, Snapshot } from "./snapshot.ts";

/** A run at one moment. */
export interface RunView {
  readonly phase: Snapshot["phase"];
  readonly elapsedMs: number;
  readonly clients: ClientCounts;
  readonly placesTold: readonly number[];
  readonly bookings: Bookings;
  readonly permitsPerMinute: number;
  readonly arrivalsPaused: boolean;
  readonly stock: readonly StockReading[];
  readonly meters: Meters;
  readonly health: TesterHealth;
  readonly inFlight: number;
  readonly connections: Snapshot["tester"]["connections"];
  readonly rssMb: number;
  readonly news: string | undefined;
  /** What is certain already. */
  readonly verdicts: readonly Verdict[];
}

export function takeSnapshot(view: RunView): Snapshot {
  const { phase, elapsedMs, clients, bookings, meters, news, inFlight, rssMb } = view;
  const ended = clients.total - clients.notArrived - clients.waiting - clients.buying;
  const running = phase === "selling";
  const etaSeconds = running ? meters.etaSeconds(clients.total, ended) : undefined;
  const requestsPerSecond = running ? meters.requestsPerSecond : 0;
  return {
    phase,
    elapsedMs,
    progress: ended / clients.total,
    ...(etaSeconds === undefined ? {} : { etaSeconds }),
    clients,
    arrivalsPaused: view.arrivalsPaused,
    admissions: {
      total: meters.admittedTotal,
      lastMinute: meters.admittedLastMinute,
      permitsPerMinute: view.permitsPerMinute,
    },
    placesTold: view.placesTold,
    stock: view.stock,
    bookings,
    latency: meters.latency(),
    errors: meters.errors(),
    recentErrors: meters.recentErrors,
    tester: { ...view.health, requestsPerSecond, inFlight, rssMb, connections: view.connections },
    lineHistory: meters.lineHistory,
    admissionHistory: meters.admissionHistory,
    verdicts: view.verdicts,
    ...(news === undefined ? {} : { news }),
  };
}
