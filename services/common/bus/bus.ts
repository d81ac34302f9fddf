/** The port that durable events go through; what stands behind it may lose its memory, not a message. */
import type { Message } from "../contracts/messages.ts";
import type { ServiceName } from "../contracts/names.ts";

/** Resolves when the message's effects are committed; rejects to get it again later. */
export type Handler = (message: Message) => Promise<void>;

/** Where a bus with a store put a message: enough to find out later whether it can still be there. */
export interface Place {
  /** Names the life of the store; one that lost everything begins another. */
  readonly epoch: string;
  readonly sequence: number;
}

/** A message that the bus took into its keeping earlier. */
export interface Followed {
  readonly messageId: string;
  readonly place: Place;
}

/**
 * handled: its consumer has committed it. parked: its consumer keeps it as a dead letter, and tries
 * on. waiting: it may still be delivered. lost: no store knows it, so it must be sent again.
 */
export type Fate = "handled" | "parked" | "waiting" | "lost";

/** A delivery that will not be repeated by the bus: no message, or one that failed very often. */
export interface DeadLetter {
  /** The message's id, or another that names this delivery for ever. */
  readonly id: string;
  readonly subject: string;
  /** As it came. */
  readonly payload: string;
  readonly deliveries: number;
  readonly error: string;
}

/** A consumer's memory in its own database, beside the effects of its messages. */
export interface Ledger {
  /** Which of these it has handled, and which it keeps as dead letters. */
  recall(messageIds: readonly string[]): Promise<{
    readonly handled: readonly string[];
    readonly parked: readonly string[];
  }>;
  /** Resolves when the letter is committed: the bus forgets it then. */
  park(letter: DeadLetter): Promise<void>;
}

export interface ConsumeOptions {
  /**
   * Many messages in one transaction: resolves when all are committed, rejects having changed
   * nothing; they are then handed over one by one.
   */
  readonly handleMany?: (messages: readonly Message[]) => Promise<void>;
  /** Without one, a message that keeps failing is repeated for ever. */
  readonly ledger?: Ledger;
}

/** What a bus can tell of itself now; for metrics. */
export interface BusFigures {
  /** Publishes on their way, not yet answered. */
  readonly unacknowledged: number;
  /** Deliveries to this process that were not the first of their message. */
  readonly redeliveries: number;
  /** Messages that wait in the store for this service, also those being handled. */
  waiting(service: ServiceName): Promise<number>;
}

/** What only a bus with a store of its own can tell. */
export interface Store {
  /** False while it cannot be reached: a publish would only be refused. */
  readonly reachable: boolean;
  /** What became of messages for `service` that it had kept; by message id. */
  follow(service: ServiceName, messages: readonly Followed[]): Promise<ReadonlyMap<string, Fate>>;
  /** Tells `listener` whenever the bus finds that its store has forgotten messages. */
  onForgotten(listener: () => void): void;
}

/**
 * At least once, in no promised order. The sender keeps each message in its outbox until it was
 * handled; the receiver recognises repetitions by its inbox. So a bus may deliver twice, late
 * and out of order, and may forget everything when it restarts.
 */
export interface Bus {
  /**
   * Hands one message over; the message's type says to whom (`ROUTES`).
   * Resolves when the bus answers for it from now on: a durable bus has stored it and says where,
   * a bus without a store has seen it handled. Rejects when that is not known; the sender then
   * repeats it.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a bus without a store has nothing to say.
  publish(message: Message): Promise<Place | void>;
  /** Delivers to the handler all that is addressed to this service. Once a service. */
  consume(service: ServiceName, handler: Handler, options?: ConsumeOptions): Promise<void>;
  /** Stops delivering; what is being handled is finished first. */
  close(): Promise<void>;
  /** Absent: it keeps nothing, and what an earlier bus had kept is lost. */
  readonly store?: Store;
  readonly figures?: BusFigures;
}
