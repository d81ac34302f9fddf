/** What the configuration says of waiting rooms that no operator has touched. */
import type { Config } from "../common/config.ts";
import type { Settings } from "../common/contracts/queue.ts";

export interface RoomRules {
  readonly waitingTtlSeconds: number;
  readonly settings: Settings;
}

export function roomRulesOf(config: Config): RoomRules {
  return {
    waitingTtlSeconds: config.WAITING_TTL_SECONDS,
    settings: {
      permitsPerMinute: config.PERMITS_PER_MINUTE,
      passTtlSeconds: config.PASS_TTL_SECONDS,
      paused: false,
      pacing: config.PACING,
      draining: false,
    },
  };
}
