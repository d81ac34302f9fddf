/** Questions over NATS, packed as JSON, that are asked again while nobody answers. */
import { ErrorCode, JSONCodec, type Msg, type NatsConnection, NatsError, type Payload } from "nats";

const json = JSONCodec<unknown>();

export const packed = (value: unknown): Uint8Array => json.encode(value);

/** As the other side of the same version packed it. */
export function unpacked<T>(message: Pick<Msg, "data">): T {
  return json.decode(message.data) as T;
}

const PAUSE_MS = 250;
const ANSWER_MS = 3_000;

/**
 * Asks until there is an answer or `patienceMs` are over; the question must bear being heard twice.
 * Rejects with Error, in words that follow "it".
 */
export async function askAgain<T>(
  nats: NatsConnection,
  subject: string,
  payload: Payload,
  patienceMs: number,
): Promise<T> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const leftMs = Math.ceil(untilMs - performance.now());
    if (leftMs <= 0) throw new Error(`did not answer for ${patienceMs / 1_000} s`);
    try {
      return unpacked<T>(
        await nats.request(subject, payload, { timeout: Math.min(ANSWER_MS, leftMs) }),
      );
    } catch (error) {
      if (!isSilence(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(PAUSE_MS, leftMs)));
    }
  }
}

/** Nobody there, or not in time: it may come back. */
export function isSilence(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  const { code } = error;
  return code === ErrorCode.NoResponders || code === ErrorCode.Timeout;
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
