/** Faults for a stack that runs already: it stands still, wires to it are cut, payments are declined. */
import { FaultDrawing, type FaultKind } from "../../../loadtests/chaos/faults.ts";
import { lasting } from "../../../loadtests/chaos/havoc.ts";
import { Unrest } from "../../../loadtests/chaos/unrest.ts";
import { startTcpProxy, type TcpProxy } from "../../../loadtests/crash/tcp-proxy.ts";
import { runningStack } from "../../../services/stack/stack-urls.ts";
import type { TargetUrls } from "../../engine/plan.ts";
import { streamOf, unit } from "../../engine/rng.ts";
import { CommandError, EXIT } from "../../exit.ts";
import { decline } from "./cluster-chaos.ts";
import { standStill } from "./stand-still.ts";

/** What can be undone: somebody else started it, and whoever that was would have to start it again. */
export const UNDONE_FAULTS: readonly FaultKind[] = ["pause", "cut", "delay", "payments"];

export interface DisturbedStack {
  readonly unrest: Unrest;
  /** The crowd comes through these. */
  readonly urls: TargetUrls;
  close(): Promise<void>;
}

export interface StackChaos {
  readonly dataDir: string;
  readonly kinds: readonly FaultKind[];
  readonly seed: number;
  /** Of a hundred, when payments are let be. */
  readonly paymentFailure: number;
  readonly adminToken: string;
}

/**
 * Puts a wire that can be cut before each service of the stack on a data folder. The same seed draws
 * the same faults.
 * @throws CommandError where no stack runs there
 */
export async function openStackChaos(chaos: StackChaos): Promise<DisturbedStack> {
  const { dataDir, kinds, seed, paymentFailure, adminToken } = chaos;
  const stack = await runningStack(dataDir);
  if (stack === undefined) {
    throw new CommandError(EXIT.unavailable, `--chaos: no stack runs on ${dataDir}`);
  }
  const doors = new Map<string, TcpProxy>();
  for (const [service, url] of Object.entries(stack.urls)) {
    doors.set(service, await startTcpProxy(Number(new URL(url).port)));
  }
  const urls = Object.fromEntries(
    [...doors].map(([service, { port }]) => [service, `http://127.0.0.1:${port}`]),
  ) as unknown as TargetUrls;
  const cast = { processes: ["the stack"], servers: [], wires: [...doors.keys()] };
  const stream = streamOf(seed, "cast");
  const drawing = new FaultDrawing(kinds, cast, () => unit(stream));
  const declined = (percent: number) => decline([stack.urls.payment!], adminToken, percent, seed);
  const unrest = new Unrest({
    ...{ kinds, drawing, on: true },
    strike: async ({ kind, target, forMs, byMs }, until) => {
      const wire = doors.get(target);
      // Its process, that is; its PostgreSQL goes on.
      if (kind === "pause") await standStill(stack.pid, forMs, until);
      else if (kind === "cut") wire?.cutAll();
      else if (kind === "delay") {
        wire?.delay(byMs);
        await lasting(forMs, until);
        wire?.delay(0);
      } else {
        await declined(100);
        await lasting(forMs, until);
        await declined(paymentFailure);
      }
    },
    mend: async () => undefined,
  });
  const close = async () => {
    await Promise.all([...doors.values()].map((door) => door.close()));
  };
  return { urls, unrest, close };
}
