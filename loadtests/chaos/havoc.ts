/** Brings faults over a cluster, one after the other, and undoes what lasts. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Cluster } from "../crash/cluster.ts";
import { upInTime } from "../crash/mortal-process.ts";
import { SERVERS, type ServerName } from "../crash/servers.ts";
import type { TcpProxy } from "../crash/tcp-proxy.ts";
import { type Fault, type FaultCast, type FaultDrawing, wordsOf } from "./faults.ts";

export interface HavocOptions {
  readonly drawing: FaultDrawing;
  readonly tell: (what: string, target: string, text: string) => void;
  readonly until: AbortSignal;
  /** Resolves when what lasts is undone; may be under way more than once. */
  readonly strike: (fault: Fault) => Promise<void>;
}

/** Resolves when the signal has come and every fault is over; rejects with the first that went wrong. */
export async function wreak({ drawing, tell, until, strike }: HavocOptions): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  while (!until.aborted) {
    const fault = drawing.next();
    await lasting(fault.afterMs, until);
    if (until.aborted) break;
    tell(fault.kind, fault.target, wordsOf(fault));
    const done: Promise<void> = strike(fault)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(done));
    underWay.add(done);
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
}

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

/** Like {@link wreak}, over a cluster; everything is up and undisturbed again at the end. */
export async function wreakCluster(
  victims: ClusterVictims,
  options: Omit<HavocOptions, "strike">,
): Promise<void> {
  const strike = (fault: Fault) => strikeCluster(fault, victims, options.until);
  try {
    await wreak({ ...options, strike });
  } finally {
    await Promise.all(victims.cluster.processes.map(upInTime));
  }
}

async function strikeCluster(
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
