/** Carries out a round's plan: kills processes and servers, cuts wires, and notes when each is back. */
import { setTimeout as wait } from "node:timers/promises";
import type { Arming, FailpointName } from "../../services/common/failpoints.ts";
import type { Cluster } from "./cluster.ts";
import { type CauseOfDeath, type MortalProcess, upInTime } from "./mortal-process.ts";
import type { KillOrder, RoundPlan, ServerOrder, WireOrder } from "./plan.ts";

/** One line of the report: who died of what, when, and how long it was away. */
export interface Kill {
  readonly victim: string;
  /** A failpoint's name, or "SIGKILL", or "SIGKILL, store wiped". */
  readonly how: string;
  /** Milliseconds since the run began. */
  readonly atMs: number;
  /** Until it was up again. */
  readonly recoveredMs: number;
}

export interface Cut {
  readonly wire: string;
  readonly does: WireOrder["does"];
  readonly atMs: number;
}

export interface DirectorOptions {
  readonly cluster: Cluster;
  readonly onKill: (kill: Kill) => void;
  readonly onCut: (cut: Cut) => void;
  /** It was armed, and nothing passed it in time. */
  readonly onMissed: (point: FailpointName) => void;
  /** Milliseconds since the run began. */
  readonly now: () => number;
  /** Bad manners of the bus, beside the kills. */
  readonly noise: boolean;
}

/** A point that nothing passes for so long is given up, and its process killed from outside. */
const PATIENCE_MS = 15_000;
const ANSWERS_LOST = 3;

export const SENDERS: readonly string[] = ["ticket", "payment", "saga"];

/** Messages that come twice, late and out of order, acknowledgements that are lost: all the time. */
const NOISE: readonly Arming[] = [
  { point: "consumer.beforeHandling", action: { does: "duplicate" }, when: { each: 5 } },
  { point: "consumer.beforeHandling", action: { does: "pause", ms: 150 }, when: { each: 3 } },
  { point: "consumer.beforeAck", action: { does: "error" }, when: { each: 7 } },
  { point: "relay.afterPublish", action: { does: "error" }, when: { each: 6 } },
  { point: "relay.afterPublish", action: { does: "duplicate" }, when: { each: 5 } },
];

/** What a process is to be armed with for the time until this order. */
export function armingFor(
  service: string,
  order: KillOrder | undefined,
  noise: boolean,
): readonly Arming[] {
  const kill: Arming[] =
    order?.how === "failpoint"
      ? [{ point: order.point, action: { does: "kill" }, when: { at: order.at } }]
      : [];
  return noise && SENDERS.includes(service) ? [...kill, ...NOISE] : kill;
}

/** Resolves when every order is carried out and all that died are up again. */
export async function direct(plan: RoundPlan, options: DirectorOptions): Promise<void> {
  const { processes } = options.cluster;
  const lanes = plan.lanes.map(({ process, orders }) =>
    runLane(processes.find((one) => one.spec.name === process)!, orders, options),
  );
  await Promise.all([
    ...lanes,
    killServers(plan.servers, options),
    ...plan.wires.map((order) => cutWire(order, options)),
  ]);
}

async function runLane(
  mortal: MortalProcess,
  orders: readonly KillOrder[],
  options: DirectorOptions,
): Promise<void> {
  const { name, service } = mortal.spec;
  let deaths = mortal.deaths;
  for (const [index, order] of orders.entries()) {
    mortal.armNext(armingFor(service, orders[index + 1], options.noise));
    if (order.how === "signal") await wait(order.afterMs);
    else if (!(await mortal.death(deaths + 1, PATIENCE_MS))) options.onMissed(order.point);
    if (mortal.deaths === deaths) await mortal.kill();
    deaths += 1;
    const death = (await mortal.death(deaths))!;
    await upInTime(mortal);
    const recoveredMs = performance.now() - death.atMs;
    const atMs = options.now() - recoveredMs;
    options.onKill({ victim: name, how: words(death.cause), atMs, recoveredMs });
  }
}

function words(cause: CauseOfDeath): string {
  if (cause.by === "failpoint") return cause.point;
  return cause.by === "signal" ? "SIGKILL" : "by itself";
}

async function killServers(
  orders: readonly ServerOrder[],
  { cluster, onKill, now }: DirectorOptions,
): Promise<void> {
  const began = performance.now();
  for (const { server, afterMs, wiped } of orders) {
    await wait(Math.max(0, afterMs - (performance.now() - began)));
    const atMs = now();
    await cluster.servers.get(server)!.killAndRestart({ wiped });
    const how = wiped ? "SIGKILL, store wiped" : "SIGKILL";
    onKill({ victim: server, how, atMs, recoveredMs: now() - atMs });
  }
}

async function cutWire(
  { server, afterMs, does }: WireOrder,
  { cluster, onCut, now }: DirectorOptions,
): Promise<void> {
  await wait(afterMs);
  const wire = cluster.wires.get(server)!;
  if (does === "cut") wire.cutAll();
  else wire.loseAnswers(ANSWERS_LOST);
  onCut({ wire: server, does, atMs: now() });
}
