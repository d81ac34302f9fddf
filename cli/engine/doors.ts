/**
 * The doors of a run: they open once, when all processes that drive it are ready; then each client
 * of the share comes in its time, later where somebody shuts the doors for a while.
 */
import { ArrivalGate } from "./arrival-gate.ts";
import { arrivalTimes } from "./arrivals.ts";
import { castOf, gangsOf } from "./client/casting.ts";
import type { EngineClock } from "./clock.ts";
import { isOwn, type Share } from "./crew/share.ts";
import { type RunPlan, shareOf } from "./plan.ts";
import type { Gate } from "./run-handle.ts";

export interface DoorsListener {
  /** They open, for everybody at the same instant: everything is timed from here. */
  opened(fromMs: number): void;
  /** The client comes at that time; until then, and again, {@link Doors.letsIn} is to be asked. */
  comes(client: number, dueMs: number): void;
}

export class Doors {
  readonly #share: Share;
  readonly #clock: EngineClock;
  readonly #gate: Gate | undefined;
  readonly #listener: DoorsListener;
  readonly #arrivals: ArrivalGate;
  #open: "not yet" | "open" | "never again" = "not yet";

  /** Without a gate this is the only process. */
  constructor(plan: RunPlan, clock: EngineClock, gate: Gate | undefined, listener: DoorsListener) {
    this.#share = shareOf(plan);
    this.#clock = clock;
    this.#gate = gate;
    this.#listener = listener;
    const offsetsMs = plan.arrivalOffsetsMs;
    const arrivals = arrivalTimes({ ...plan.settings, seed: plan.seed, offsetsMs });
    for (const [member, leader] of gangsOf(castOf(plan))) arrivals[member] = arrivals[leader]!;
    this.#arrivals = new ArrivalGate(arrivals);
  }

  get open(): boolean {
    return this.#open === "open";
  }

  get paused(): boolean {
    return this.#arrivals.paused;
  }

  /** This process is ready; said again, nothing happens. */
  ready(): void {
    if (this.#open !== "not yet") return;
    if (this.#gate === undefined) {
      this.#openAt(this.#clock.now());
    } else {
      this.#gate.ready();
      void this.#gate.opens.then((atMs) => this.#openAt(atMs));
    }
  }

  /** A client's wait has ended: let it in now, or when it comes instead. */
  letsIn(client: number, dueMs: number): boolean {
    const putOffMs = this.#arrivals.putOff(client, dueMs);
    if (putOffMs === undefined) return true;
    if (putOffMs < Number.POSITIVE_INFINITY) this.#listener.comes(client, putOffMs);
    return false;
  }

  /** Nobody new comes; who has come goes on. */
  shut(atMs: number): void {
    this.#arrivals.shut(atMs);
  }

  /** @returns how long they were shut, in milliseconds */
  reopen(atMs: number): number {
    return this.#arrivals.open(atMs, (client, dueMs) => this.#listener.comes(client, dueMs));
  }

  /** The run is over: they open no more. */
  lock(): void {
    if (this.#open === "not yet") this.#open = "never again";
  }

  /** Clients whose time had come but of whom `neverBegan` still says so. */
  countDropped(atMs: number, neverBegan: (client: number) => boolean): number {
    if (!this.open) return 0;
    const isDropped = (client: number) => isOwn(this.#share, client) && neverBegan(client);
    return this.#arrivals.countDropped(atMs, isDropped);
  }

  #openAt(fromMs: number): void {
    if (this.#open !== "not yet") return;
    this.#open = "open";
    this.#arrivals.begin(fromMs, (client, dueMs) => {
      if (isOwn(this.#share, client)) this.#listener.comes(client, dueMs);
    });
    this.#listener.opened(fromMs);
  }
}
