/** What the simulated provider does with a request: drawn from the seed and the key alone, so a run repeats. */
import { createHash } from "node:crypto";
import type { ProviderBehaviour } from "../common/contracts/payment.ts";
import type { ProviderCall } from "./charge.ts";

/**
 * silent: the request vanishes. declined and captured: as they say. late: captured at once, but the
 * answer comes after `lateMs`.
 */
export type Fate = "silent" | "declined" | "late" | "captured";

/**
 * One draw decides between the fates, so each has exactly its share of the charges; when the shares
 * add up to more than 100 the later ones get what is left.
 */
export function chargeFate(behaviour: ProviderBehaviour, key: string): Fate {
  const { silentPercent, failurePercent, latePercent } = behaviour;
  const drawn = 100 * draw(behaviour.seed, "fate", key);
  if (drawn < silentPercent) return "silent";
  if (drawn < silentPercent + failurePercent) return "declined";
  if (drawn < silentPercent + failurePercent + latePercent) return "late";
  return "captured";
}

/** Milliseconds that an answer takes, evenly between the two bounds. */
export function latencyMs(behaviour: ProviderBehaviour, call: ProviderCall, key: string): number {
  const { minLatencyMs, maxLatencyMs } = behaviour;
  return minLatencyMs + (maxLatencyMs - minLatencyMs) * draw(behaviour.seed, call, key);
}

/** 0 ≤ x < 1, even over keys; the same for the same three. */
function draw(seed: number, what: string, key: string): number {
  const digest = createHash("sha256").update(`${seed}\n${what}\n${key}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
