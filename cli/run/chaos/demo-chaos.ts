/** What may befall a demo's own stack, which is one process: it stands still, payments are declined. */
import { type Fault, FaultDrawing, type FaultKind } from "../../../loadtests/chaos/faults.ts";
import { lasting } from "../../../loadtests/chaos/havoc.ts";
import { Unrest } from "../../../loadtests/chaos/unrest.ts";
import { streamOf, unit } from "../../engine/rng.ts";
import type { StartedStack } from "../own-stack.ts";
import { decline } from "./cluster-chaos.ts";

/** What one process and its provider can bear; the others need a process a service. */
const KINDS: readonly FaultKind[] = ["pause", "payments"];
const CAST = { processes: ["the shop"], servers: [], wires: [] };

/** Off until somebody switches it on. `paymentFailure`: of a hundred, when payments are let be. */
export function ownChaos(stack: StartedStack, seed: number, paymentFailure: number): Unrest {
  const stream = streamOf(seed, "cast");
  return new Unrest({
    ...{ kinds: KINDS, on: false },
    drawing: new FaultDrawing(KINDS, CAST, () => unit(stream)),
    strike: (fault, until) => strike(fault, until, stack, { seed, paymentFailure }),
    mend: async () => undefined,
  });
}

async function strike(
  { kind, forMs }: Fault,
  until: AbortSignal,
  stack: StartedStack,
  { seed, paymentFailure }: { readonly seed: number; readonly paymentFailure: number },
): Promise<void> {
  if (kind === "pause") return stack.standStill(forMs, until);
  const declined = (percent: number) =>
    decline([stack.urls.payment], stack.adminToken, percent, seed);
  await declined(100);
  await lasting(forMs, until);
  await declined(paymentFailure);
}
