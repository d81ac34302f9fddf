/** The states of a virtual client, what may happen to it, and what it may ask for in return. */
import type { Attack } from "../../judge/history.ts";
import type { Answer, Facts } from "./answer.ts";
import type { Who } from "./casting.ts";
import type { Outgoing, Script } from "./script.ts";

export type EndReason =
  | "confirmed"
  | "cancelled"
  | "soldOut"
  /** It lost its patience. */
  | "leftEarly"
  | "absent"
  | "attacker"
  | "gaveUp";

/** Attempts of the request at hand: unanswered ones in a row, and refusals for load. */
export interface Attempts {
  readonly tries: number;
  readonly refusals: number;
}

/**
 * In each state but the first and the last, either a request is on its way or a wait runs: a wake
 * says "send it now", an answer says what came of it.
 */
export type ClientState =
  | Away
  | Joining
  | Waiting
  | Reserving
  | Attacking
  | Following
  | Cancelling
  | Leaving
  | Ended;

/** Not arrived yet. */
export interface Away {
  readonly at: "away";
}

export interface Joining extends Attempts {
  readonly at: "joining";
  readonly rejoins: number;
  /** Answers still to come: 2 after a double click. */
  readonly outstanding: number;
  /** What an earlier click was told; the last answer decides, unless it is the worse one. */
  readonly told: Facts | undefined;
  readonly ticket: string | undefined;
}

/** In line: asks for its turn when told to. */
export interface Waiting extends Attempts {
  readonly at: "waiting";
  readonly rejoins: number;
  readonly polls: number;
  /** Rested in line so far, by the pauses it kept. */
  readonly waitedMs: number;
  readonly ticket: string | undefined;
  /** The question it asks, made once: it asks it again and again. */
  readonly poll: Outgoing;
}

/** Holds a pass: thinks, then buys. */
export interface Reserving extends Attempts {
  readonly at: "reserving";
  readonly rejoins: number;
  readonly pass: string;
  /** Index into its wishes. */
  readonly choice: number;
  /** Made before the first attempt of a purchase, the same for all its attempts. */
  readonly key: string;
  /** Keys used so far, this one included. */
  readonly keys: number;
  /** Answers still to come: 2 after a double click. */
  readonly outstanding: number;
  /** The yes that it has heard and asks for once more, or that its other click still waits for. */
  readonly told: Answer | undefined;
}

/** Sends a request that must be refused. */
export interface Attacking extends Attempts {
  readonly at: "attacking";
  readonly attack: Attack;
  /** Absent: none is presented, or a foreign one is still looked for. */
  readonly pass: string | undefined;
  readonly key: string;
  /** How often it found no foreign pass to steal. */
  readonly searches: number;
  /** Its own booking, to be followed afterwards. */
  readonly booked: number | undefined;
}

/** Has booked: looks until the booking is confirmed or cancelled. */
export interface Following extends Attempts {
  readonly at: "following";
  readonly reservationId: number;
  readonly looks: number;
}

/** Gives back what was confirmed to it. */
export interface Cancelling extends Attempts {
  readonly at: "cancelling";
  readonly reservationId: number;
  /** Answers still to come. */
  readonly outstanding: number;
  /** One of them was a yes. */
  readonly done: boolean;
}

/** Gives its place (or its pass) back. */
export interface Leaving {
  readonly at: "leaving";
  readonly because: "soldOut" | "leftEarly";
}

export interface Ended {
  readonly at: "ended";
  readonly reason: EndReason;
}

export type Input =
  | { readonly type: "wake" }
  | { readonly type: "answer"; readonly answer: Answer };

export type Effect =
  | { readonly do: "send"; readonly request: Outgoing; readonly copies: 1 | 2 }
  /** Milliseconds from the instant of the input; then a wake. */
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "end"; readonly reason: EndReason }
  /** Another answer is still to come. */
  | { readonly do: "nothing" };

export interface Step {
  readonly state: ClientState;
  readonly effect: Effect;
}

/** What a client may look at while it decides. */
export interface StepContext {
  readonly script: Script;
  readonly who: Who;
  /** The display board: everything is sold and nothing is pending. */
  readonly soldOut: boolean;
  /** A live pass that belongs to someone else, if any was seen lately. */
  readonly foreignPass: string | undefined;
}

export const WAKE: Input = { type: "wake" };
export const AWAY: ClientState = { at: "away" };
