/** Our load engine in a process of its own, with all of its clients in line before it is measured. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSale } from "../../cli/engine/engine.ts";
import type { RunPlan } from "../../cli/engine/plan.ts";
import { serve } from "./child-side.ts";
import { CONNECTIONS } from "./http-load.ts";

export interface EngineSettings {
  readonly url: string;
  readonly clients: number;
  /** Over which they join. */
  readonly arrivalSeconds: number;
}

/** As long as an access token of the account service. */
const TOKEN = "e".repeat(440);
const LOOK_MS = 50;

await serve<EngineSettings>(async (settings) => {
  const folder = await mkdtemp(join(tmpdir(), "reservex-bench-engine-"));
  const stop = new AbortController();
  const out = { historyPath: join(folder, "history.ndjson") };
  const run = runSale(planOf(settings), out, stop.signal);
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const joins = run.snapshot().latency.find(({ op }) => op === "join")?.count ?? 0;
      if (joins < settings.clients) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
  });
  const close = async () => {
    stop.abort();
    await run.done;
    await rm(folder, { recursive: true });
  };
  // It listens nowhere; there is nothing that could be asked of it but its costs.
  return { port: 0, close };
});

function planOf({ url, clients, arrivalSeconds }: EngineSettings): RunPlan {
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
