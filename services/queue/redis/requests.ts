/** What the scripts are asked, as the store's port says it. */
import { randomBytes } from "node:crypto";
import type { SettingsChange } from "../../common/contracts/queue.ts";
import type { Joining, Poll, Redemption } from "../waiting-room-store.ts";
import type { PageHints } from "./page-hints.ts";
import type { RoomSettings } from "./room-memory.ts";

/** Sales are mostly the same object for all of a batch: each is said once. */
export function joinRequest(group: readonly Joining[]): string {
  const sales: object[] = [];
  let last: Joining | undefined;
  const clients = group.map((joining) => {
    const { clientId, habit, formerly, onlyBack, sale, joinLeadMs } = joining;
    if (sale !== last?.sale || joinLeadMs !== last.joinLeadMs) sales.push({ ...sale, joinLeadMs });
    last = joining;
    const { longestSeconds: longest, factor } = habit;
    return { id: clientId, sale: sales.length, longest, factor, formerly, onlyBack };
  });
  return JSON.stringify({ sales, clients });
}

export function purchaseOf({ clientId, passToken, redemptionKey }: Redemption) {
  return [clientId, passToken, redemptionKey];
}

export function changeOf(change: SettingsChange): Partial<RoomSettings> {
  const { permitsPerMinute, passTtlSeconds, paused, pacing, draining } = change;
  return {
    ...(permitsPerMinute === undefined ? {} : { permits: permitsPerMinute }),
    ...(passTtlSeconds === undefined ? {} : { ttl: passTtlSeconds }),
    ...(paused === undefined ? {} : { paused: paused ? 1 : 0 }),
    ...(pacing === undefined ? {} : { pacing }),
    ...(draining === undefined ? {} : { draining: draining ? 1 : 0 }),
  };
}

/** All of one event, whose sale opens at one time. */
export function pollRequest(group: readonly Poll[], hints: PageHints): string {
  const clients = group.map(({ clientId, habit }) => {
    return [clientId, habit.longestSeconds, habit.factor, hints.of(clientId)];
  });
  return JSON.stringify({ opensAtMs: group[0]!.opensAtMs, clients });
}

/** Names a room that begins, and is the secret that new passes are derived from. */
export function fresh(): string {
  return randomBytes(24).toString("base64url");
}
