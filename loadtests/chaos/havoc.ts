/** Brings a fault over a cluster, and undoes what lasts. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Cluster } from "../crash/cluster.ts";
import { upInTime } from "../crash/mortal-process.ts";
import { SERVERS, type ServerName } from "../crash/servers.ts";
import type { TcpProxy } from "../crash/tcp-proxy.ts";
import type { Fault, FaultCast } from "./faults.ts";

/** So long, or until the signal. */
export async function lasting(ms: number, until: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal: until }).catch(() => undefined);
}

export interface ClusterVictims {
  readonly cluster: Cluster;
  /** Between the tester and each service, by the service's name. */
  readonly doors: ReadonlyMap<string, TcpProxy>;
  /** Sets how many payments of a hundred are declined; undefined: as before. */
  readonly declinePayments: (percent: number | undefined) => Promise<void>;
}

/** Accounts have no second process and nothing to lose: without it nobody could come at all. */
export function castOf(cluster: Cluster, doors: ReadonlyMap<string, TcpProxy>): FaultCast {
  const mortal = cluster.processes.filter(({ spec }) => spec.service !== "account");
  return {
    processes: mortal.map(({ spec }) => spec.name),
    servers: SERVERS,
    wires: [...cluster.wires.keys(), ...doors.keys()],
  };
}

/** Brings the fault about, and resolves when it is undone. */
export async function strikeCluster(
  { kind, target, forMs, byMs }: Fault,
  { cluster, doors, declinePayments }: ClusterVictims,
  until: AbortSignal,
): Promise<void> {
  const process = cluster.processes.find(({ spec }) => spec.name === target);
  const wire = doors.get(target) ?? cluster.wires.get(target as ServerName);
  switch (kind) {
    case "kill":
      await upInTime(process!);
      return process!.kill();
    case "pause":
      process!.pause();
      await lasting(forMs, until);
      return process!.resume();
    case "server":
      return cluster.servers.get(target as ServerName)!.killAndRestart({ wiped: false });
    case "cut":
      return void wire!.cutAll();
    case "delay":
      wire!.delay(byMs);
      await lasting(forMs, until);
      return wire!.delay(0);
    case "flush":
      return flushRedis(cluster.servers.get("redis")!.port);
    case "payments":
      await declinePayments(100);
      await lasting(forMs, until);
      return declinePayments(undefined);
  }
}

/** One inline command over a bare socket: a Redis that is away at the moment has nothing to lose. */
async function flushRedis(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    socket.write("FLUSHALL\r\n");
    await once(socket, "data", { signal: AbortSignal.timeout(5_000) });
  } catch {
    // Killed by the fault before this one.
  } finally {
    socket.destroy();
  }
}
