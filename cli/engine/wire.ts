/**
 * The crowd's way to the target and back: requests in the target's words onto the connections,
 * their answers into the record and then to whoever asked.
 */
import type { Answer } from "./client/answer.ts";
import type { Outgoing } from "./client/script.ts";
import type { EngineClock } from "./clock.ts";
import { hear, NOT_OFFERED, say } from "./dialect/dialect.ts";
import { connectionsOf, type Drivers, openDrivers } from "./http/drivers.ts";
import type { Reply } from "./http/http-driver.ts";
import type { Meters } from "./meters.ts";
import type { RunPlan } from "./plan.ts";
import type { Job, Recorder } from "./recorder.ts";

export type Answered = (job: Job, answer: Answer, nowMs: number) => void;

export class Wire {
  readonly #plan: RunPlan;
  readonly #clock: EngineClock;
  readonly #recorder: Recorder;
  readonly #meters: Meters;
  readonly #answered: Answered;
  readonly #drivers: Drivers;
  /** 1 for each client of whom a request has been on the wire, or could not get there. */
  readonly #began: Uint8Array;

  constructor(
    plan: RunPlan,
    clock: EngineClock,
    recorder: Recorder,
    meters: Meters,
    answered: Answered,
  ) {
    this.#plan = plan;
    this.#clock = clock;
    this.#recorder = recorder;
    this.#meters = meters;
    this.#answered = answered;
    this.#began = new Uint8Array(plan.settings.clients);
    this.#drivers = openDrivers(plan, clock, {
      started: (job, nowMs) => this.#started(job, nowMs),
      ended: (job, reply) => this.#ended(job, reply),
    });
  }

  /** What the target has no words for is answered at once, and not recorded: nothing was sent. */
  send(client: number, request: Outgoing, intendedMs: number): void {
    const handedMs = this.#clock.now();
    this.#meters.sendLag.add(handedMs - intendedMs);
    const { dialect, accounts } = this.#plan;
    const said = say(dialect, request, accounts[client]!);
    const put = said ?? request;
    const job: Job = { client, request: put, intendedMs, handedMs, id: -1, invokedMs: -1 };
    if (said !== undefined) this.#drivers[said.service].send(job);
    else queueMicrotask(() => this.#answered(job, NOT_OFFERED, handedMs));
  }

  /** False while nothing of the client has been on the wire, nor failed to get there. */
  hasBegun(client: number): boolean {
    return this.#began[client] === 1;
  }

  get connections(): { readonly open: number; readonly queued: number } {
    return connectionsOf(this.#drivers);
  }

  /** The client asks nothing more. */
  release(client: number): void {
    this.#drivers.queue.release(client);
    this.#drivers.ticket.release(client);
  }

  async close(): Promise<void> {
    await Promise.all([this.#drivers.queue.close(), this.#drivers.ticket.close()]);
  }

  #started(job: Job, nowMs: number): void {
    this.#began[job.client] = 1;
    this.#recorder.invoked(job, nowMs);
  }

  #ended(job: Job, reply: Reply): void {
    this.#began[job.client] = 1;
    const answer = this.#recorder.ended(job, hear(this.#plan.dialect, job.request, reply));
    this.#answered(job, answer, reply.endedMs);
  }
}
