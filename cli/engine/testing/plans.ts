/** Plans, clients and contexts for the engine's tests. */
import type { HabitShares, RunSettings, SaleFacts } from "../../judge/history.ts";
import type { Role, Who } from "../client/casting.ts";
import type { StepContext } from "../client/client-state.ts";
import { scriptOf } from "../client/script.ts";
import { bearerLine } from "../http/http-request.ts";
import { DEFAULT_TUNING, type RunPlan, type Tuning } from "../plan.ts";

export const SALE: SaleFacts = {
  eventId: 7,
  permitsPerMinute: 600,
  pacing: "smooth",
  passTtlSeconds: 300,
  products: [
    { id: 11, name: "Stalls", priceCents: 4_990, totalStock: 40, maxPerUser: 4 },
    { id: 12, name: "Circle", priceCents: 7_900, totalStock: 40, maxPerUser: 4 },
    { id: 13, name: "Box", priceCents: 12_000, totalStock: 20, maxPerUser: 4 },
  ],
};

const NO_HABITS: HabitShares = {
  impatientPercent: 0,
  patienceSeconds: 1,
  doubleClickPercent: 0,
  retryingPercent: 0,
};

export interface PlanChanges {
  readonly seed?: number;
  readonly clients?: number;
  readonly arrivals?: RunSettings["arrivals"];
  readonly arrivalOffsetsMs?: readonly number[];
  readonly habits?: Partial<HabitShares>;
  readonly arrivalSeconds?: number;
  readonly absentPercent?: number;
  readonly attackersPercent?: number;
  readonly timeLimitSeconds?: number;
  readonly url?: string;
  readonly sale?: SaleFacts;
  readonly tuning?: Partial<Tuning>;
}

export function planOf(changes: PlanChanges = {}): RunPlan {
  const url = changes.url ?? "http://127.0.0.1:9";
  const clients = changes.clients ?? 20;
  return {
    runId: "run-1",
    startedAt: "2026-01-01T00:00:00.000Z",
    seed: changes.seed ?? 42,
    settings: {
      clients,
      arrivals: changes.arrivals ?? "burst",
      arrivalSeconds: changes.arrivalSeconds ?? 10,
      quantity: 1,
      absentPercent: changes.absentPercent ?? 0,
      attackersPercent: changes.attackersPercent ?? 0,
      paymentFailurePercent: 0,
      ...(changes.habits === undefined ? {} : { habits: { ...NO_HABITS, ...changes.habits } }),
      target: { account: url, queue: url, ticket: url, payment: url, saga: url },
    },
    sale: changes.sale ?? SALE,
    accounts: Array.from({ length: clients }, (_, i) => {
      return { userId: 1_000 + i, accessToken: `user-${1_000 + i}` };
    }),
    adminToken: "admin",
    timeLimitSeconds: changes.timeLimitSeconds ?? 30,
    ...(changes.arrivalOffsetsMs && { arrivalOffsetsMs: changes.arrivalOffsetsMs }),
    ...(changes.tuning === undefined ? {} : { tuning: changes.tuning }),
  };
}

export function whoOf(role: Role, changes: Partial<Who> = {}): Who {
  return {
    client: 3,
    userId: 1_003,
    accessToken: "user-1003",
    credentials: bearerLine("user-1003"),
    role,
    thinkMs: 400,
    jitter: 0.5,
    wishes: [1, 0, 2],
    doubleClicks: false,
    patienceMs: undefined,
    retries: false,
    regrets: false,
    visits: 0,
    ...changes,
  };
}

export function contextOf(role: Role, changes: Partial<StepContext> = {}): StepContext {
  const { seed, settings } = planOf();
  return {
    script: scriptOf(seed, settings, SALE, DEFAULT_TUNING),
    who: whoOf(role),
    soldOut: false,
    foreignPass: undefined,
    ...changes,
  };
}
