/** A crowd for our load engine that joins and waits: what it costs, and what watching it costs. */
import type { RunHandle } from "../../cli/engine/engine.ts";
import type { RunPlan } from "../../cli/engine/plan.ts";
import { CONNECTIONS } from "./http-load.ts";

export interface EngineSettings {
  readonly url: string;
  readonly clients: number;
  /** Over which they join. */
  readonly arrivalSeconds: number;
  /** What each has done before the engine is ready to be looked at; `join` without it. */
  readonly until?: "join" | "poll";
}

/** As long as an access token of the account service. */
const TOKEN = "e".repeat(440);
const LOOK_MS = 50;

/** Resolves when as many of those were answered as there are clients. */
export async function everybodyHas(
  done: "join" | "poll",
  run: Pick<RunHandle, "snapshot">,
  clients: number,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const count = run.snapshot().latency.find(({ op }) => op === done)?.count ?? 0;
      if (count < clients) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
  });
}

export function crowdPlan({ url, clients, arrivalSeconds }: EngineSettings): RunPlan {
  const product = { id: 1, name: "A", priceCents: 100, totalStock: clients, maxPerUser: 4 };
  return {
    runId: "bench",
    startedAt: new Date().toISOString(),
    seed: 1,
    settings: {
      clients,
      arrivals: "ramp",
      arrivalSeconds,
      quantity: 1,
      absentPercent: 0,
      attackersPercent: 0,
      paymentFailurePercent: 0,
      target: { queue: url, ticket: url },
    },
    sale: {
      eventId: 1,
      permitsPerMinute: 60_000,
      pacing: "smooth",
      passTtlSeconds: 300,
      products: [product],
    },
    // A text of its own each, as it comes out of JSON: one that all share would cost nothing.
    accounts: Array.from({ length: clients }, (_, i) => {
      const userId = i + 1;
      return { userId, accessToken: Buffer.from(`${TOKEN}${userId}`).toString("latin1") };
    }),
    adminToken: TOKEN,
    timeLimitSeconds: 3_600,
    tuning: { connections: CONNECTIONS, doubleClickPercent: 0, requestTimeoutMs: 600_000 },
  };
}
