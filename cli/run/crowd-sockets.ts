/** Where the clients' sockets come from, or why this machine cannot give each client its own. */
import type { CrowdOptions } from "../commands/options.ts";
import { openFileLimit } from "../engine/http/open-files.ts";
import { planSockets } from "../engine/http/sockets.ts";
import type { TargetUrls, Tuning } from "../engine/plan.ts";
import { usageError } from "../exit.ts";

/**
 * `fileLimit`: of a process that will drive clients; of one of ours unless told.
 * @throws CommandError where there are not enough of them; to be asked before anything starts
 */
export function socketTuning(
  crowd: Pick<CrowdOptions, "clients" | "workers" | "sockets">,
  target: Pick<TargetUrls, "queue" | "ticket">,
  fileLimit: number | undefined = openFileLimit(),
): Partial<Tuning> {
  const { clients, workers, sockets } = crowd;
  if (sockets === "shared") return {};
  const origins = [target.queue, target.ticket];
  const plan = planSockets({ clients, workers, origins, fileLimit });
  if (!plan.possible) throw usageError(plan.because);
  return { sockets: "own", sourceAddresses: plan.sourceAddresses };
}
