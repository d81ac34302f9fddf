/** What clients were told last, for the time in which the store does not answer. */
import { LIMITS } from "../common/limits.ts";
import type { ClientRef, Polled } from "./waiting-room-store.ts";

type InLine = Exclude<Polled, { readonly result: "notInLine" }>;

/** Then ask again: an outage ends soon or lasts long, and a crowd must not hammer at its end. */
const ASK_AGAIN_SECONDS = 5;

/** The latest answers of this process, about 200 B each; the longest known go first. */
export class LastAnswers {
  readonly #answers = new Map<string, InLine>();

  remember(client: ClientRef, polled: Polled): void {
    if (polled.result === "notInLine") {
      this.forget(client);
      return;
    }
    this.#answers.set(keyOf(client), polled);
    if (this.#answers.size <= LIMITS.lastAnswers) return;
    const oldest = this.#answers.keys().next();
    if (!oldest.done) this.#answers.delete(oldest.value);
  }

  forget(client: ClientRef): void {
    this.#answers.delete(keyOf(client));
  }

  /** The position of then, or the pass: whether it still opens the gate is for the gate to say. */
  recall(client: ClientRef): InLine | undefined {
    const answer = this.#answers.get(keyOf(client));
    if (!answer) return undefined;
    const pollAfterSeconds = Math.max(ASK_AGAIN_SECONDS, answer.pollAfterSeconds);
    return { ...answer, pollAfterSeconds };
  }
}

function keyOf({ eventId, clientId }: ClientRef): string {
  return `${eventId}:${clientId}`;
}
