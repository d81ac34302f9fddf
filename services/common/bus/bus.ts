/** The port that durable events go through; what stands behind it may lose its memory, not a message. */
import type { Message } from "../contracts/messages.ts";
import type { ServiceName } from "../contracts/names.ts";

/** Resolves when the message's effects are committed; rejects to get it again later. */
export type Handler = (message: Message) => Promise<void>;

/**
 * At least once, in no promised order. The sender keeps each message in its outbox until `publish`
 * has resolved; the receiver recognises repetitions by its inbox. So a bus may deliver twice, late
 * and out of order, and may forget everything when it restarts.
 */
export interface Bus {
  /**
   * Hands one message over; the message's type says to whom (`ROUTES`).
   * Resolves when the bus answers for it from now on: a durable bus has stored it, a bus without a
   * disk has seen it handled. Rejects when that is not known; the sender then repeats it.
   */
  publish(message: Message): Promise<void>;
  /** Delivers to the handler all that is addressed to this service. Once a service. */
  consume(service: ServiceName, handler: Handler): Promise<void>;
  /** Stops delivering; what is being handled is finished first. */
  close(): Promise<void>;
}
