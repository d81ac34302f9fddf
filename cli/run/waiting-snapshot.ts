/** What a display shows before the engine runs: the plan, and nothing that has happened. */
import type { CrowdOptions } from "../commands/options.ts";
import type { Snapshot } from "../engine/snapshot.ts";

export function waitingSnapshot(crowd: CrowdOptions): Snapshot {
  return {
    phase: "starting",
    elapsedMs: 0,
    progress: 0,
    clients: {
      total: crowd.clients,
      notArrived: crowd.clients,
      waiting: 0,
      buying: 0,
      confirmed: 0,
      cancelled: 0,
      soldOut: 0,
      absent: 0,
      attackers: 0,
      gaveUp: 0,
    },
    admissions: { total: 0, lastMinute: 0, permitsPerMinute: crowd.permitsPerMinute },
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
