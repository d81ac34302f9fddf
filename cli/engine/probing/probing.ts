/**
 * What the prober does, from the first place in line to the last forged token: one long visit,
 * whose refusals count only because honest requests in between are served.
 */
import { isRecord } from "../client/answer.ts";
import type { ClientAccount, RunPlan } from "../plan.ts";
import { probeAccess } from "./access-probes.ts";
import { probeAccounts } from "./account-probes.ts";
import { probeEndedSale, probeInput } from "./input-probes.ts";
import { type ProbeRecord, Prober, ProbingStopped } from "./prober.ts";
import type { ProbingGround } from "./probing-ground.ts";

export interface Visit {
  readonly prober: Prober;
  readonly ground: ProbingGround;
  readonly adminToken: string;
}

/** A pass comes within this many polls, or the prober goes on without. */
const MOST_POLLS = 60;
const POLL_PAUSE_MS = 150;

/** The prober's part in a run: a client more than the crowd has, on connections of its own. */
export class Probing {
  readonly #visit: Visit | undefined;
  /** Resolves when everything was tried; at once where nobody probes. */
  done: Promise<void> = Promise.resolve();

  constructor({ probing, settings, adminToken }: RunPlan, now: () => number, record: ProbeRecord) {
    if (probing === undefined) return;
    const prober = new Prober(probing.target, settings.clients, now, record);
    this.#visit = { prober, ground: probing, adminToken };
  }

  start(): void {
    if (this.#visit) this.done = probe(this.#visit);
  }

  async stop(): Promise<void> {
    await this.#visit?.prober.stop();
  }
}

/** Resolves when all was tried, or when the prober was stopped. */
async function probe(visit: Visit): Promise<void> {
  try {
    const { owner, stranger, eventId } = visit.ground;
    const ownersPass = await passOf(visit, owner, eventId);
    const strangersPass = await passOf(visit, stranger, eventId);
    const reservationId = await probeInput(visit, ownersPass, strangersPass);
    await probeAccess(visit, reservationId);
    await probeEndedSale(visit, await passOf(visit, owner, visit.ground.endingEventId));
    await probeAccounts(visit);
  } catch (error) {
    if (!(error instanceof ProbingStopped)) throw error;
  }
}

/** Joins a line and polls until its turn; undefined when that takes too long. */
async function passOf(
  { prober }: Visit,
  who: ClientAccount,
  eventId: number,
): Promise<string | undefined> {
  const honest = { promise: "access", expected: "served", service: "queue" } as const;
  const token = who.accessToken;
  const path = `/queue/${eventId}/enqueue`;
  await prober.send({ ...honest, tried: "its own join", method: "POST", path, token });
  for (let polls = 0; polls < MOST_POLLS; polls += 1) {
    const status = `/queue/${eventId}/status`;
    const tried = "its own poll";
    const { body } = await prober.send({ ...honest, tried, method: "GET", path: status, token });
    if (isRecord(body) && typeof body.passToken === "string") return body.passToken;
    await prober.pause(POLL_PAUSE_MS);
  }
  return undefined;
}
