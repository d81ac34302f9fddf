/**
 * The port behind which waiting rooms live: places in line, passes, the admission rate.
 *
 * Operations take batches and answer item by item, in order; the items of a batch happen one after
 * the other and nothing happens in between. The store owns the clock: every instant in an answer,
 * and every decision about time, is by the one clock that all processes share. That clock never
 * goes back: where its source does, it stands still until the source has caught up.
 */
import type { RedeemAnswer, Settings, SettingsChange, Stats } from "../common/contracts/queue.ts";
import type { Sale } from "./admission.ts";
import type { Advice, PollHabit } from "./advice.ts";

/** A client of an event. */
export interface ClientRef {
  readonly eventId: number;
  readonly clientId: string;
}

/** A place in line: the smaller `sequence` came first. Numbers of different events do not compare. */
export interface PlaceInLine {
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly joinedAtMs: number;
}

export interface IssuedPass {
  readonly passToken: string;
  readonly admittedAtMs: number;
  /** It opens the gate before this instant and not at it. */
  readonly expiresAtMs: number;
}

export interface Joining extends ClientRef {
  readonly sale: Sale;
  /** Joining begins so long before the sale. */
  readonly joinLeadMs: number;
  readonly habit: PollHabit;
  /** A place that this client was once given, proven by a ticket that somebody else has checked. */
  readonly formerly?: PlaceInLine | undefined;
}

/** Again while waiting, or with a pass that lives: the same place, and a sign of life. */
export type Joined =
  | ({ readonly result: "waiting"; readonly position: number } & PlaceInLine & Advice)
  | ({ readonly result: "admitted" } & PlaceInLine & IssuedPass & Advice)
  | { readonly result: "closed"; readonly because: "notBegun" | "ended" | "cancelled" }
  /** The room holds as many as it can. */
  | { readonly result: "full" };

export interface Poll extends ClientRef {
  readonly habit: PollHabit;
  /** The sale's start if it is known, for the advice. */
  readonly opensAtMs: number | undefined;
}

/** A poll is a sign of life. `position` counts those ahead who are still there. */
export type Polled =
  | ({ readonly result: "waiting"; readonly position: number } & Advice)
  | ({ readonly result: "admitted" } & IssuedPass & Advice)
  | { readonly result: "notInLine" };

/** Leaving gives up the place, and a pass that is not spent. */
export type Left = { readonly result: "left" | "notInLine" };

export interface Redemption extends ClientRef {
  readonly passToken: string;
  /** Who spends it: the same key again is answered "replayed", another one "invalid". */
  readonly redemptionKey: string;
}

/** nothing: not spent by this key, expired by now, or the client has another pass by now. */
export type Restored = { readonly result: "restored" | "nothing" };

export interface Admitted extends IssuedPass {
  readonly clientId: string;
  /** From the join to the pass. */
  readonly waitedMs: number;
}

export interface Admission {
  readonly admitted: readonly Admitted[];
  /** Clients in line after this, present or not. */
  readonly waiting: number;
  /**
   * In so many milliseconds a permit opens; 0: one is open, but nobody is there to take it;
   * undefined: closed until somebody changes something.
   */
  readonly lookAgainMs: number | undefined;
}

export interface WaitingRoomStore {
  enqueue(batch: readonly Joining[]): Promise<readonly Joined[]>;
  poll(batch: readonly Poll[]): Promise<readonly Polled[]>;
  leave(batch: readonly ClientRef[]): Promise<readonly Left[]>;
  redeem(batch: readonly Redemption[]): Promise<readonly RedeemAnswer[]>;
  /** Undoes what this very key has spent. */
  restore(batch: readonly Redemption[]): Promise<readonly Restored[]>;
  /** Issues the passes that are due now to the earliest clients who are there. */
  admit(eventId: number, sale: Sale): Promise<Admission>;
  stats(eventId: number): Promise<Stats>;
  readSettings(eventId: number): Promise<Settings>;
  /** Answers with what holds from now on. */
  changeSettings(eventId: number, change: SettingsChange): Promise<Settings>;
  /** Whether the store can be reached. */
  answers(): Promise<boolean>;
  close(): Promise<void>;
}
