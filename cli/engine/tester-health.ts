/** Whether the tester itself kept up: how late its event loop ran, how much memory it holds. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { TesterHealth } from "../judge/history.ts";
import type { Meters } from "./meters.ts";

/** The monitor's timer rings every so often; what it measures beyond that is lateness. */
const RESOLUTION_MS = 10;

export class HealthWatch {
  readonly #loop: ReturnType<typeof monitorEventLoopDelay>;

  constructor() {
    this.#loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#loop.enable();
  }

  read(meters: Meters, droppedArrivals: number): TesterHealth {
    return {
      sendLagMs: meters.sendLag.percentiles(),
      eventLoopLagMs: {
        p99: lateness(this.#loop.percentile(99)),
        max: lateness(this.#loop.max),
      },
      droppedArrivals,
    };
  }

  rssMb(): number {
    return Math.round(process.memoryUsage.rss() / 1_048_576);
  }

  stop(): void {
    this.#loop.disable();
  }
}

function lateness(nanoseconds: number): number {
  const ms = nanoseconds / 1_000_000 - RESOLUTION_MS;
  return ms > 0 ? Math.round(ms * 1_000) / 1_000 : 0;
}
