/** A cluster of our own whose processes, servers and wires fail while a sale goes on. */
import { appendFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaultDrawing, type FaultKind } from "../../../loadtests/chaos/faults.ts";
import { castOf, strikeCluster } from "../../../loadtests/chaos/havoc.ts";
import { Unrest } from "../../../loadtests/chaos/unrest.ts";
import { RESERVEX } from "../../../loadtests/crash/build.ts";
import { type Cluster, openCluster } from "../../../loadtests/crash/cluster.ts";
import { upInTime } from "../../../loadtests/crash/mortal-process.ts";
import { startTcpProxy, type TcpProxy } from "../../../loadtests/crash/tcp-proxy.ts";
import { AdminClient } from "../../engine/admin-client.ts";
import type { TargetUrls } from "../../engine/plan.ts";
import { streamOf, unit } from "../../engine/rng.ts";
import { logIn } from "../log-in.ts";
import type { OwnStack } from "../own-stack.ts";

/** Between faults somebody has to be able to buy. */
const PROVIDER_TRIES = 20;

export interface Disturbed extends OwnStack {
  readonly chaos: Unrest;
}

/**
 * PostgreSQL, Redis, NATS and nine processes. The same seed draws the same faults, if not at the
 * same steps of the sale. `paymentFailure`: of a hundred, when payments are let be.
 * @throws UnavailableError where Redis or NATS is not on this machine
 */
export async function openChaosStack(
  kinds: readonly FaultKind[],
  seed: number,
  paymentFailure: number,
): Promise<Disturbed> {
  const dir = await mkdtemp(join(tmpdir(), "reservex-chaos-"));
  const undo: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true })];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const cluster = await openCluster({
      build: RESERVEX,
      dir,
      onDeath: () => undefined,
      onServerLine: (server, line) => appendFileSync(join(dir, `${server}.log`), `${line}\n`),
    });
    undo.push(() => cluster.stop());
    for (const one of cluster.processes) void one.start([]);
    await Promise.all(cluster.processes.map(upInTime));
    const doors = await openDoors(cluster);
    undo.push(() => Promise.all([...doors.values()].map((door) => door.close())));
    const url = (name: string) => `http://127.0.0.1:${doors.get(name)!.port}`;
    const services = ["account", "queue", "ticket", "payment", "saga"] as const;
    const urls = Object.fromEntries(
      services.map((one) => [one, url(one)]),
    ) as unknown as TargetUrls;
    const { email, password } = cluster.login;
    const adminToken = await logIn(cluster.urls.get("account")![0]!, email, password);
    const stream = streamOf(seed, "cast");
    const drawing = new FaultDrawing(kinds, castOf(cluster, doors), () => unit(stream));
    const declinePayments = (percent = paymentFailure) =>
      decline(cluster.urls.get("payment")!, adminToken, percent, seed);
    const victims = { cluster, doors, declinePayments };
    const chaos = new Unrest({
      ...{ kinds, drawing, on: true },
      strike: (fault, until) => strikeCluster(fault, victims, until),
      mend: async () => void (await Promise.all(cluster.processes.map(upInTime))),
    });
    return { urls, adminToken, stop: close, chaos };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The crowd comes through these: a wire to the first process of each service. */
async function openDoors(cluster: Cluster): Promise<Map<string, TcpProxy>> {
  const doors = new Map<string, TcpProxy>();
  for (const [service, urls] of cluster.urls) {
    doors.set(service, await startTcpProxy(Number(new URL(urls[0]!).port)));
  }
  return doors;
}

/** At every process of the payment service; one that is away is asked again. */
export async function decline(
  paymentUrls: readonly string[],
  token: string,
  failurePercent: number,
  seed: number,
): Promise<void> {
  for (const url of paymentUrls) {
    const client = new AdminClient(url, token);
    const body = { failurePercent, seed };
    for (let tries = 1; tries <= PROVIDER_TRIES; tries += 1) {
      const call = { method: "PATCH", path: "/api/admin/provider", body } as const;
      if ((await client.try(call)).outcome === "ok") break;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await client.close();
  }
}
