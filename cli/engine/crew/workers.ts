/** Runs a crowd with several processes of this machine. */

import type { RunPlan } from "../plan.ts";
import type { RunOutput } from "../run-handle.ts";
import { Crew, type SharedRun } from "./crew.ts";
import { LocalMember } from "./crew-member.ts";

export type { SharedRun } from "./crew.ts";

/**
 * Like `runSale`, over so many processes, at most one a client. Their clocks are one (see
 * `startClock`). How one is lost, {@link Crew} says.
 */
export function runWithWorkers(
  plan: RunPlan,
  out: RunOutput,
  signal: AbortSignal,
  count: number,
): SharedRun {
  const of = Math.min(count, plan.settings.clients);
  const members = Array.from({ length: of }, (_, index) => new LocalMember(`worker ${index}`));
  return new Crew(plan, out.historyPath, members).begin(signal);
}
