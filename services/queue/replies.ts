/** What the store says of a client, as the client is told it. */
import { instant } from "../common/clock.ts";
import type { Status } from "../common/contracts/queue.ts";
import { Problem } from "../common/errors.ts";
import type { Polled } from "./waiting-room-store.ts";

export type InLine = Exclude<Polled, { readonly result: "notInLine" }>;

/** @throws Problem NOT_IN_QUEUE */
export function mustBeInLine(polled: Polled): InLine {
  if (polled.result !== "notInLine") return polled;
  throw new Problem("NOT_IN_QUEUE", "never joined, left, or the pass is spent or expired");
}

export function statusOf(polled: InLine): Status {
  const { estimatedWaitSeconds, pollAfterSeconds } = polled;
  if (polled.result === "waiting") {
    return {
      position: polled.position,
      passReady: false,
      passToken: null,
      passExpiresAt: null,
      estimatedWaitSeconds,
      pollAfterSeconds,
    };
  }
  return {
    position: 0,
    passReady: true,
    passToken: polled.passToken,
    passExpiresAt: instant(polled.expiresAtMs),
    estimatedWaitSeconds,
    pollAfterSeconds,
  };
}

/** The contract's name of a client in line. */
export function userKeyOf(clientId: string): string {
  return `u:${clientId}`;
}
