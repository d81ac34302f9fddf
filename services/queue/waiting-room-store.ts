/**
 * The port behind which waiting rooms live: places in line, passes, the admission rate.
 *
 * Operations take batches and answer item by item, in order; the items of a batch happen one after
 * the other and nothing happens in between. The store owns the clock: every instant in an answer,
 * and every decision about time, is by the one clock that all processes share. That clock never
 * goes back: where its source does, it stands still until the source has caught up.
 */
import type { RedeemAnswer, Settings, SettingsChange, Stats } from "../common/contracts/queue.ts";
import { Problem } from "../common/errors.ts";
import type { Sale } from "./admission.ts";
import type { Advice, PollHabit } from "./advice.ts";

/** A client of an event. */
export interface ClientRef {
  readonly eventId: number;
  readonly clientId: string;
}

/**
 * A place in line: the smaller `sequence` came first. It is the time of the arrival in 1/4096 ms
 * since 1970, a whole number below 2^53, moved on where it would not be larger than the one
 * before: so places of before and after a loss of everything still compare.
 */
export interface PlaceNumber {
  readonly sequence: number;
  /** Milliseconds since 1970: the whole ones of the sequence. */
  readonly joinedAtMs: number;
}

/** A place, and the room that gave it: a room that has lost everything begins anew, as another. */
export interface PlaceInLine extends PlaceNumber {
  readonly epoch: string;
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
  /**
   * A place that this client was once given, proven by a ticket that somebody else has checked.
   * Given by this very room, it counts where silence alone has cost it. Given by an earlier epoch,
   * it counts once, until the waiting TTL after this epoch began: so long ago nobody is waited for.
   */
  readonly formerly?: PlaceInLine | undefined;
  /** Joins only where it stands in line, has a pass, or `formerly` counts: else closed, "noPlace". */
  readonly onlyBack?: boolean;
}

/** Again while waiting, or with a pass that lives: the same place, and a sign of life. */
export type Joined =
  | ({ readonly result: "waiting"; readonly position: number } & PlaceInLine & Advice)
  | ({ readonly result: "admitted" } & PlaceInLine & IssuedPass & Advice)
  | { readonly result: "closed"; readonly because: "notBegun" | "ended" | "cancelled" }
  /** An operator lets nobody new in; with a place, a pass or a ticket that counts one is not new. */
  | { readonly result: "closed"; readonly because: "draining" | "noPlace" }
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
  /** By this call. */
  readonly admitted: readonly Admitted[];
  /** Clients whom other processes have admitted since the last look of this one. */
  readonly elsewhere: readonly string[];
  /** Clients in line after this, present or not. */
  readonly waiting: number;
  /**
   * In so many milliseconds a permit opens; 0: one is open, but nobody is there to take it;
   * undefined: closed until somebody changes something.
   */
  readonly lookAgainMs: number | undefined;
}

/** One admission, as the store keeps it: what anybody may check afterwards. */
export interface JournalEntry {
  /** Counts the admissions of the event, from 1. */
  readonly number: number;
  readonly clientId: string;
  readonly joinedAtMs: number;
  readonly admittedAtMs: number;
}

/** The store cannot be reached, or did not answer in time: what was asked may have happened. */
export class StoreUnavailable extends Problem {
  constructor(cause: unknown) {
    super("UNAVAILABLE", "the waiting room does not answer; ask again", { retryAfterSeconds: 1 });
    this.cause = cause;
  }
}

/** Every call may reject with {@link StoreUnavailable}. */
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
  /** At most `most` admissions after number `after`, oldest first, as far back as they are kept. */
  journal(eventId: number, after: number, most: number): Promise<readonly JournalEntry[]>;
  readSettings(eventId: number): Promise<Settings>;
  /** Answers with what holds from now on. */
  changeSettings(eventId: number, change: SettingsChange): Promise<Settings>;
  /** Whether the store can be reached. */
  answers(): Promise<boolean>;
  close(): Promise<void>;
}
