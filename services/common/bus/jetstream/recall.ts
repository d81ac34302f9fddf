/** One question between services: which of these messages have you handled? Asked over core NATS. */
import type { Msg, NatsConnection, Subscription } from "nats";
import { z } from "zod";
import { LIMITS } from "../../limits.ts";
import type { Log } from "../../log.ts";
import type { Ledger } from "../bus.ts";

const TIMEOUT_MS = 3_000;
/** Processes of one service share the questions. */
const GROUP = "recall";

const question = z.array(z.string().min(1).max(256)).max(LIMITS.followBatch);
const recollection = z.object({ handled: z.array(z.string()), parked: z.array(z.string()) });
export type Recollection = z.infer<typeof recollection>;

export function answerRecalls(
  connection: NatsConnection,
  subject: string,
  ledger: Ledger,
  log: Log,
): Subscription {
  const reply = async (asked: Msg): Promise<void> => {
    const found = await ledger.recall(question.parse(asked.json()));
    asked.respond(JSON.stringify(found));
  };
  return connection.subscribe(subject, {
    queue: GROUP,
    callback: (error, asked) => {
      if (error) return;
      reply(asked).catch((failure: unknown) =>
        // Whoever asks hears nothing, and asks again later.
        log.warn({ err: failure }, "bus: could not look up what was handled"),
      );
    },
  });
}

/** Undefined when nobody answers: then nothing is known. */
export async function askRecall(
  connection: NatsConnection,
  subject: string,
  messageIds: readonly string[],
): Promise<Recollection | undefined> {
  try {
    const payload = JSON.stringify(messageIds);
    const answer = await connection.request(subject, payload, { timeout: TIMEOUT_MS });
    return recollection.parse(answer.json());
  } catch {
    return undefined;
  }
}
