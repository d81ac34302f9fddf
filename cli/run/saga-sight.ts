/** What the coordinator has under way, looked at for the screen alone: nothing of it is recorded. */
import { setTimeout as wait } from "node:timers/promises";
import { type OpenSagas, openSagas } from "../../services/common/contracts/saga.ts";
import { AdminClient } from "../engine/admin-client.ts";
import type { OpenSagasSeen } from "../engine/snapshot.ts";

export interface SagaSight {
  /** Undefined while it does not answer. */
  readonly latest: OpenSagasSeen | undefined;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;
const TIMEOUT_MS = 5_000;

/** Looks once a second, never twice at once. */
export function watchSagas(sagaUrl: string, adminToken: string): SagaSight {
  const client = new AdminClient(sagaUrl, adminToken, TIMEOUT_MS);
  const over = new AbortController();
  let latest: OpenSagasSeen | undefined;
  let standing: Standing | undefined;
  const look = async () => {
    while (!over.signal.aborted) {
      const reply = await client.try({ method: "GET", path: "/api/admin/sagas/open" });
      const seen = openSagas.safeParse(reply.outcome === "ok" ? reply.body : undefined);
      standing = seen.success ? standingOf(seen.data, standing, performance.now()) : undefined;
      latest = seen.success ? seenOf(seen.data, standing) : undefined;
      await wait(LOOK_EVERY_MS, undefined, { signal: over.signal, ref: false }).catch(() => {});
    }
  };
  void look();
  return {
    get latest() {
      return latest;
    },
    async stop() {
      over.abort();
      await client.close();
    },
  };
}

/** Since when, by our own clock, the oldest saga stands where it stands. */
export interface Standing {
  readonly sagaId: string;
  readonly updatedAt: string;
  readonly sinceMs: number;
  readonly nowMs: number;
}

export function standingOf(
  { oldest }: OpenSagas,
  before: Standing | undefined,
  nowMs: number,
): Standing | undefined {
  if (oldest === null) return undefined;
  const { sagaId, updatedAt } = oldest;
  const same = before?.sagaId === sagaId && before.updatedAt === updatedAt;
  return { sagaId, updatedAt, sinceMs: same ? before.sinceMs : nowMs, nowMs };
}

/** Its age is what we have seen of it: the target's clock is not compared with ours. */
export function seenOf(open: OpenSagas, standing: Standing | undefined): OpenSagasSeen {
  const { oldest, ...counts } = open;
  if (oldest === null || standing === undefined) return counts;
  const { sagaId, state, next, because } = oldest;
  const ageMs = standing.nowMs - standing.sinceMs;
  return { ...counts, oldest: { sagaId, state, ageMs, next: next ?? because } };
}
