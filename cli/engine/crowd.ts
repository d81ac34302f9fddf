/** All virtual clients of a share of a run: keeps their states, takes their steps, counts where they are. */
import { type Answer, NO_FACTS } from "./client/answer.ts";
import { castOf, type Who, whoIs } from "./client/casting.ts";
import {
  AWAY,
  type ClientState,
  type Input,
  type StepContext,
  WAKE,
} from "./client/client-state.ts";
import { PassPool } from "./client/pass-pool.ts";
import { type Outgoing, scriptOf } from "./client/script.ts";
import { step } from "./client/virtual-client.ts";
import { isOwn, placeOf, type Share, sizeOf } from "./crew/share.ts";
import { PlacesTold } from "./places-told.ts";
import { type RunPlan, shareOf, type Tuning, tuningOf } from "./plan.ts";
import type { Job } from "./recorder.ts";
import { type ClientCounts, nobodyYet } from "./snapshot.ts";

/** What the crowd asks of the engine. */
export interface CrowdListener {
  send(client: number, request: Outgoing, intendedMs: number): void;
  /** Wake the client at that time; it has no other wait. */
  wait(client: number, dueMs: number): void;
  admitted(): void;
  /** The client has ended; it asks nothing more. */
  gone(client: number): void;
  /** The last client has ended. */
  everyoneEnded(): void;
}

export interface Bookings {
  readonly pending: number;
  readonly confirmed: number;
  readonly cancelled: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Group = Exclude<keyof ClientCounts, "total">;

/** A pass about to expire is refused for that, which would prove nothing about thieves. */
const STALE_PASS_MS = 10_000;

export class Crowd {
  readonly #plan: RunPlan;
  readonly #tuning: Tuning;
  readonly #share: Share;
  readonly #listener: CrowdListener;
  readonly #roles: Uint8Array;
  readonly #states: ClientState[];
  /** Known from a client's arrival to its end. */
  readonly #who: (Who | undefined)[];
  readonly #passes: PassPool;
  readonly #counts: Mutable<ClientCounts>;
  readonly #places: PlacesTold;
  readonly #bookings: Mutable<Bookings> = { pending: 0, confirmed: 0, cancelled: 0 };
  /** One for all steps, its client changing: a step keeps nothing of it. */
  readonly #ctx: Mutable<StepContext>;
  readonly #input: { readonly type: "answer"; answer: Answer };

  constructor(plan: RunPlan, listener: CrowdListener) {
    const { settings, sale, seed } = plan;
    this.#plan = plan;
    this.#tuning = tuningOf(plan);
    this.#share = shareOf(plan);
    this.#listener = listener;
    const total = settings.clients;
    this.#places = new PlacesTold(total);
    this.#roles = castOf(plan);
    this.#states = new Array<ClientState>(total).fill(AWAY);
    this.#who = new Array<Who | undefined>(total).fill(undefined);
    this.#passes = new PassPool(Math.max(0, sale.passTtlSeconds * 1_000 - STALE_PASS_MS));
    this.#counts = nobodyYet(sizeOf(this.#share, total));
    this.#ctx = {
      script: scriptOf(seed, settings, sale, this.#tuning),
      who: this.#cast(this.#share.index),
      soldOut: false,
      foreignPass: undefined,
    };
    this.#input = { type: "answer", answer: { outcome: "unknown", facts: NO_FACTS } };
  }

  get counts(): ClientCounts {
    return { ...this.#counts };
  }

  get bookings(): Bookings {
    return { ...this.#bookings };
  }

  /** See `Snapshot.placesTold`. */
  get placesTold(): readonly number[] {
    return this.#places.counts;
  }

  get ended(): number {
    const { total, notArrived, waiting, buying } = this.#counts;
    return total - notArrived - waiting - buying;
  }

  get waiting(): number {
    return this.#counts.waiting;
  }

  /** The client's wait is over; `dueMs` is when it should have been. */
  wake(client: number, dueMs: number): void {
    this.#who[client] ??= this.#cast(client);
    this.#take(client, WAKE, dueMs);
  }

  answered(job: Job, answer: Answer, nowMs: number): void {
    const { client, request } = job;
    if (answer.outcome === "ok") this.#notice(client, request, answer, nowMs);
    this.#input.answer = answer;
    this.#take(client, this.#input, nowMs);
  }

  /** From now on the display board says "sold out" to whoever looks. */
  tellSoldOut(): void {
    this.#ctx.soldOut = true;
  }

  /**
   * Whether the client, if it is resting, would act on the display board; and its jitter from 0
   * to 1, by which a crowd that walks away is spread.
   */
  leavesWhenSoldOut(client: number): number | undefined {
    const state = this.#states[client]!;
    const searching = state.at === "attacking" && state.pass === undefined;
    return state.at === "waiting" || state.at === "joining" || searching
      ? this.#who[client]?.jitter
      : undefined;
  }

  /** False once the client has ended. */
  isUnderWay(client: number): boolean {
    return this.#states[client]!.at !== "ended";
  }

  /** The run is over: everyone still on the way has given up. */
  giveUp(): void {
    for (let client = 0; client < this.#states.length; client += 1) {
      if (isOwn(this.#share, client) && this.#states[client]!.at !== "ended") {
        this.#move(client, { at: "ended", reason: "gaveUp" });
      }
    }
  }

  #take(client: number, input: Input, atMs: number): void {
    const before = this.#states[client]!;
    if (before.at === "ended") return;
    const ctx = this.#ctx;
    ctx.who = this.#who[client]!;
    const steals = before.at === "attacking" || ctx.who.role === "foreign-pass";
    ctx.foreignPass = steals ? this.#passes.foreignTo(client, atMs) : undefined;
    const { state, effect } = step(before, input, ctx);
    this.#move(client, state);
    switch (effect.do) {
      case "send":
        for (let i = 0; i < effect.copies; i += 1) {
          this.#listener.send(client, effect.request, atMs);
        }
        return;
      case "wait":
        this.#listener.wait(client, atMs + effect.ms);
        return;
      case "end":
        if (this.ended === this.#counts.total) this.#listener.everyoneEnded();
        return;
      case "nothing":
        return;
    }
  }

  /** What the screen counts, and thieves see, of a yes. */
  #notice(client: number, request: Outgoing, answer: Answer, nowMs: number): void {
    const { facts } = answer;
    // Before the step: one that is let in now is taken out of the line by it.
    if (facts.position !== undefined && groupOf(this.#states[client]!) === "waiting") {
      this.#places.told(client, facts.position);
    }
    if (request.op === "poll" && facts.pass !== undefined) {
      this.#passes.seen(client, facts.pass, nowMs);
      this.#listener.admitted();
    } else if (request.op === "reserve" && request.attack === undefined) {
      const state = this.#states[client]!;
      // The second answer to a double click or a retry tells of the same booking.
      if (state.at === "reserving" && state.told !== undefined) return;
      this.#passes.spent(client);
      this.#bookings.pending += 1;
    } else if (request.op === "follow") {
      if (facts.reservationStatus === "CONFIRMED") this.#settle("confirmed");
      if (facts.reservationStatus === "CANCELLED") this.#settle("cancelled");
    } else if (request.op === "cancel") {
      const state = this.#states[client]!;
      if (state.at === "cancelling" && state.done) return;
      this.#bookings.confirmed -= 1;
      this.#bookings.cancelled += 1;
    }
  }

  #settle(as: "confirmed" | "cancelled"): void {
    this.#bookings.pending -= 1;
    this.#bookings[as] += 1;
  }

  #move(client: number, state: ClientState): void {
    const from = groupOf(this.#states[client]!);
    const to = groupOf(state);
    this.#states[client] = state;
    if (from !== to) {
      if (from === "waiting") this.#places.gone(client);
      this.#counts[from] -= 1;
      this.#counts[to] += 1;
    }
    if (state.at === "ended") {
      this.#who[client] = undefined;
      this.#listener.gone(client);
    }
  }

  #cast(client: number): Who {
    const account = this.#plan.accounts[placeOf(this.#share, client)]!;
    return whoIs(this.#plan, client, this.#roles[client]!, account, this.#tuning);
  }
}

function groupOf(state: ClientState): Group {
  switch (state.at) {
    case "away":
      return "notArrived";
    case "joining":
    case "waiting":
    case "leaving":
      return "waiting";
    case "reserving":
    case "attacking":
    case "following":
    case "cancelling":
      return "buying";
    case "ended":
      return state.reason === "attacker" ? "attackers" : state.reason;
  }
}
