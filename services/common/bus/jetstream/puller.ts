/**
 * Pulls one service's messages, never more than it has room for. The client's own `consume` asks for
 * more as soon as messages have arrived, handled or not, so a slow process would take what another
 * could handle at once.
 */
import { createInbox, type Msg, type NatsConnection, nanos, type Subscription } from "nats";
import { LIMITS } from "../../limits.ts";

export interface PullerOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly consumer: string;
  /** Messages asked for or in hand at a time. */
  readonly room: number;
  readonly onMessage: (message: Msg) => void;
  /** Nothing is heard, or there is no such consumer: it has to be looked after before `resume`. */
  readonly onTrouble: (why: string) => void;
}

/** A request at the server ends after this; a new one follows. */
const EXPIRES_MS = 30_000;
/** The server says something this often while a request is open. */
const HEARTBEAT_MS = 1_500;
/** Messages of one request. */
const ASK = 64;
/** Silence of more than this many heartbeats means that nobody serves our request. */
const HEARTBEATS_MISSED = 2.5;
/** Status codes of what is no message. */
const HEARTBEAT = 100;
const EXPIRED = 408;

export class Puller {
  readonly #options: PullerOptions;
  readonly #watch: NodeJS.Timeout;
  readonly #inbox = createInbox();
  readonly #subscription: Subscription;
  /** Messages asked for and not yet come. */
  #owed = 0;
  #inHand = 0;
  /** Counts the beginnings: words about requests of before mean nothing. */
  #era = 0;
  #heardAt = performance.now();
  #state: "pulling" | "troubled" | "stopped" = "troubled";

  constructor(options: PullerOptions) {
    this.#options = options;
    this.#subscription = options.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.#hear(message);
      },
    });
    this.#watch = setInterval(() => this.#checkPulse(), HEARTBEAT_MS);
    this.#watch.unref();
  }

  /** Begins, or begins anew after trouble; what was asked for before counts for nothing. */
  resume(): void {
    if (this.#state === "stopped") return;
    this.#state = "pulling";
    this.#heardAt = performance.now();
    this.#owed = 0;
    this.#era += 1;
    this.#pull();
  }

  /** Asks for nothing more until `resume`. */
  pause(): void {
    if (this.#state === "pulling") this.#state = "troubled";
  }

  /** One is handled, or given back: there is room for another. */
  done(): void {
    this.#inHand -= 1;
    this.#pull();
  }

  /** What is on its way to us still arrives, to be given back. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    clearInterval(this.#watch);
    await this.#subscription.drain().catch(() => undefined);
  }

  /**
   * Asks for a few at a time, and for more before they have all come: the server serves one request
   * after the other, so a process that asked for much would leave nothing to the next.
   */
  #pull(): void {
    if (this.#state !== "pulling" || this.#owed > ASK / 2) return;
    const { connection, stream, consumer, room } = this.#options;
    const batch = Math.min(ASK, room - this.#owed - this.#inHand);
    if (batch < ASK / 2) return;
    this.#owed += batch;
    const request = {
      batch,
      expires: nanos(EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    try {
      connection.publish(subject, JSON.stringify(request), { reply: this.#replyTo });
    } catch (error) {
      this.#trouble(String(error));
    }
  }

  get #replyTo(): string {
    return `${this.#inbox}.${this.#era}`;
  }

  #hear(message: Msg): void {
    this.#heardAt = performance.now();
    // Deliveries carry an address for their acknowledgement, words about a request do not.
    if (message.reply?.startsWith("$JS.ACK.")) {
      this.#owed = Math.max(0, this.#owed - 1);
      this.#inHand += 1;
      this.#options.onMessage(message);
      return;
    }
    const { code = 0, description = "" } = message.headers ?? {};
    if (message.subject !== this.#replyTo || code === HEARTBEAT) return;
    if (code !== EXPIRED) {
      this.#trouble(`${code} ${description}`.trim());
      return;
    }
    const left = Number(message.headers?.get("Nats-Pending-Messages") || this.#owed);
    this.#owed = Math.max(0, this.#owed - left);
    this.#pull();
  }

  #checkPulse(): void {
    if (this.#state !== "pulling" || this.#owed === 0) return;
    const silentMs = performance.now() - this.#heardAt;
    if (silentMs > HEARTBEAT_MS * HEARTBEATS_MISSED) {
      this.#trouble(`nothing heard for ${Math.round(silentMs)} ms`);
    }
  }

  #trouble(why: string): void {
    if (this.#state !== "pulling") return;
    this.#state = "troubled";
    this.#options.onTrouble(why);
  }
}

/** From the address of its acknowledgement: how often it was delivered, this time included. */
export function deliveriesOf(message: Msg): number {
  const tokens = (message.reply ?? "").split(".");
  // $JS.ACK.<stream>.<consumer>.<deliveries>.…, later with domain and account before the stream.
  return Number(tokens[tokens.length >= 11 ? 6 : 4]);
}

export const PULL_ROOM = LIMITS.busRoom;
