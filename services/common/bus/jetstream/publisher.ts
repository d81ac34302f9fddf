/**
 * Publishes to JetStream with many publishes on their way at a time. The client's own `publish` waits
 * on a request of its own, with a timer each; one subscription for all answers and one clock for
 * all timeouts cost a fraction of that.
 */
import { createInbox, headers, type Msg, type NatsConnection, type Subscription } from "nats";
import { LIMITS } from "../../limits.ts";

/** The server's answer for one message. */
export interface Stored {
  readonly stream: string;
  readonly sequence: number;
  /** It had this message id already, within its window; `sequence` is the earlier one's. */
  readonly duplicate: boolean;
}

/** Nobody listens on the subject: JetStream or the stream is gone. */
export class NoStream extends Error {
  override readonly name = "NoStream";
}

interface Waiting {
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: Error) => void;
  readonly until: number;
}

const SWEEP_EVERY_MS = 250;

export class Publisher {
  readonly #connection: NatsConnection;
  readonly #inbox = createInbox();
  readonly #answers: Subscription;
  readonly #sweeping: NodeJS.Timeout;
  /** In the order of their timeouts, which are all equally long. */
  readonly #waiting = new Map<string, Waiting>();
  /** Publishes beyond the window, first come, first served. */
  readonly #turns: (() => void)[] = [];
  #idle: () => void = () => {};
  #count = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#answers = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, answer) => {
        if (!error) this.#answered(answer);
      },
    });
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_EVERY_MS);
    this.#sweeping.unref();
  }

  get unacknowledged(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when the stream has stored the message.
   * @throws when it refuses, when nothing is heard in time (it may have been stored all the
   *   same), or {@link NoStream}
   */
  async publish(subject: string, messageId: string, payload: string): Promise<Stored> {
    while (this.#waiting.size >= LIMITS.busUnacked) {
      await new Promise<void>((resolve) => this.#turns.push(resolve));
    }
    this.#count += 1;
    const token = this.#count.toString(36);
    const head = headers();
    head.set("Nats-Msg-Id", messageId);
    return new Promise((resolve, reject) => {
      const until = performance.now() + LIMITS.busAnswerMs;
      this.#waiting.set(token, { resolve, reject, until });
      try {
        this.#connection.publish(subject, payload, {
          headers: head,
          reply: `${this.#inbox}.${token}`,
        });
      } catch (error) {
        this.#take(token)?.reject(error as Error);
      }
    });
  }

  /** Waits for the answers still to come; their timeouts end it at the latest. */
  async close(): Promise<void> {
    if (this.#waiting.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    clearInterval(this.#sweeping);
    if (!this.#connection.isClosed()) this.#answers.unsubscribe();
  }

  #answered(answer: Msg): void {
    const waiting = this.#take(answer.subject.slice(this.#inbox.length + 1));
    if (!waiting) return;
    if (answer.headers?.code === 503) {
      waiting.reject(new NoStream("no stream takes this subject"));
      return;
    }
    try {
      waiting.resolve(storedOf(answer));
    } catch (error) {
      waiting.reject(error as Error);
    }
  }

  #take(token: string): Waiting | undefined {
    const waiting = this.#waiting.get(token);
    if (!waiting) return undefined;
    this.#waiting.delete(token);
    this.#turns.shift()?.();
    if (this.#waiting.size === 0) this.#idle();
    return waiting;
  }

  #sweep(): void {
    const now = performance.now();
    for (const [token, { until }] of this.#waiting) {
      if (until > now) return;
      this.#take(token)?.reject(
        new Error(`JetStream did not answer within ${LIMITS.busAnswerMs} ms`),
      );
    }
  }
}

function storedOf(answer: Msg): Stored {
  const { error, stream, seq, duplicate } = answer.json<{
    error?: { description?: string };
    stream?: string;
    seq?: number;
    duplicate?: boolean;
  }>();
  if (error) throw new Error(`JetStream refused: ${error.description ?? "without a reason"}`);
  if (!stream || !seq) throw new Error("the answer is not JetStream's");
  return { stream, sequence: seq, duplicate: duplicate === true };
}
