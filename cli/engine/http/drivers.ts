/** The connections of a run: one driver for each base URL, so that a gateway's are shared. */

import type { Outgoing } from "../client/script.ts";
import type { EngineClock } from "../clock.ts";
import { type RunPlan, targetOf, tuningOf } from "../plan.ts";
import type { Job } from "../recorder.ts";
import { type DriverListener, HttpDriver } from "./http-driver.ts";
import { sourceAddress } from "./sockets.ts";

export type Drivers = Readonly<Record<Outgoing["service"], HttpDriver<Job>>>;

export function openDrivers(
  plan: RunPlan,
  clock: EngineClock,
  listener: DriverListener<Job>,
): Drivers {
  const { connections, requestTimeoutMs, sockets, sourceAddresses } = tuningOf(plan);
  const addressOf = (client: number) => sourceAddress(client, sourceAddresses);
  const own = { clientOf: (job: Job) => job.client, addressOf };
  const ownSockets = sockets === "own" ? own : undefined;
  const open = (baseUrl: string) => {
    const now = () => clock.now();
    const options = { baseUrl, connections, requestTimeoutMs, now, ownSockets };
    return new HttpDriver<Job>(options, listener);
  };
  const queueUrl = targetOf(plan, "queue");
  const ticketUrl = targetOf(plan, "ticket");
  const queue = open(queueUrl);
  return { queue, ticket: ticketUrl === queueUrl ? queue : open(ticketUrl) };
}

/** Connections that are open or being opened, and requests that wait for one. */
export function connectionsOf({ queue, ticket }: Drivers): { open: number; queued: number } {
  const all = queue === ticket ? [queue] : [queue, ticket];
  const sum = (of: (driver: HttpDriver<Job>) => number) => all.reduce((n, one) => n + of(one), 0);
  return { open: sum(({ open }) => open), queued: sum(({ queued }) => queued) };
}
