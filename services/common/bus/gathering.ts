/** Collects deliveries that come together, so that a service handles them in one transaction. */
import { Batcher } from "../batcher.ts";
import type { Message } from "../contracts/messages.ts";
import { LIMITS } from "../limits.ts";
import type { Handler } from "./bus.ts";

/** Transactions for many messages at a time: while one commits, another runs. */
const BATCHES_AT_ONCE = 3;

export interface GatheringOptions {
  readonly handler: Handler;
  /** Rejects having changed nothing; the messages are then handled one by one. */
  readonly handleMany: (messages: readonly Message[]) => Promise<void>;
  /** Told why messages could not be handled together. */
  readonly onApart: (error: unknown) => void;
}

/**
 * A handler whose messages share transactions: it resolves when the message's own effects are
 * committed, and rejects when it could not be handled alone either.
 */
export function gathered({ handler, handleMany, onApart }: GatheringOptions): Handler {
  const gathering = new Batcher<Message, void>(
    async (messages) => {
      if (messages.length > 1) {
        try {
          await handleMany(messages);
          return messages.map(() => undefined);
        } catch (error) {
          onApart(error);
        }
      }
      return messages.map((message) => handler(message));
    },
    LIMITS.busBatch,
    { atOnce: BATCHES_AT_ONCE },
  );
  return (message) => gathering.ask(message);
}
