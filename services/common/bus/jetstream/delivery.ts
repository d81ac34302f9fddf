/**
 * What is done with one service's deliveries: handled and acknowledged, given back for a while when
 * that failed, parked when it failed very often or was no message. Nothing is ever dropped.
 */
import { type Msg, nanos } from "nats";
import { type Message, parseMessage } from "../../contracts/messages.ts";
import type { ServiceName } from "../../contracts/names.ts";
import { LIMITS } from "../../limits.ts";
import type { Log } from "../../log.ts";
import type { ConsumeOptions, Handler } from "../bus.ts";
import { deliveriesOf } from "./puller.ts";
import { backoffMs } from "./redelivery.ts";

export interface DeliveryOptions extends ConsumeOptions {
  readonly service: ServiceName;
  readonly handler: Handler;
  readonly maxDeliveries: number;
  readonly log: Log;
  /** That many are out of hand: there is room for others. */
  readonly onDone: (count: number) => void;
}

/** Handlers at a time: each needs a connection of the service's pool. */
const HANDLERS_AT_ONCE = 32;
/** Transactions for many messages at a time: while one commits, another runs. */
const BATCHES_AT_ONCE = 3;

interface Parsed {
  readonly delivery: Msg;
  readonly message: Message;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #queue: Msg[] = [];
  readonly #working = new Set<Promise<void>>();
  #scheduled = false;
  #closing = false;
  redeliveries = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  take(delivery: Msg): void {
    if (this.#closing) {
      answer(delivery, "-NAK");
      return;
    }
    if (deliveriesOf(delivery) > 1) this.redeliveries += 1;
    this.#queue.push(delivery);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // All that came in one read from the socket is looked at together.
    setImmediate(() => {
      this.#scheduled = false;
      this.#work();
    });
  }

  /** Gives back what has not begun, and waits for what has. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const delivery of this.#queue.splice(0)) answer(delivery, "-NAK");
    await Promise.all(this.#working);
  }

  #work(): void {
    const together = this.#options.handleMany !== undefined;
    const atOnce = together ? BATCHES_AT_ONCE : HANDLERS_AT_ONCE;
    while (this.#queue.length > 0 && this.#working.size < atOnce) {
      const batch = this.#queue.splice(0, together ? LIMITS.busBatch : 1);
      const working = this.#handle(batch).finally(() => {
        this.#working.delete(working);
        this.#options.onDone(batch.length);
        this.#work();
      });
      this.#working.add(working);
    }
  }

  async #handle(batch: readonly Msg[]): Promise<void> {
    const parsed: Parsed[] = [];
    const poison: Promise<void>[] = [];
    for (const delivery of batch) {
      try {
        parsed.push({ delivery, message: parseMessage(delivery.json()) });
      } catch (error) {
        poison.push(this.#park(delivery, error));
      }
    }
    const { handleMany } = this.#options;
    if (handleMany && parsed.length > 1) {
      try {
        await handleMany(parsed.map(({ message }) => message));
        for (const { delivery } of parsed) answer(delivery, "+ACK");
      } catch (error) {
        this.#options.log.debug({ err: error }, "bus: not all together, so one by one");
        await Promise.all(parsed.map((one) => this.#handleOne(one)));
      }
    } else {
      await Promise.all(parsed.map((one) => this.#handleOne(one)));
    }
    await Promise.all(poison);
  }

  async #handleOne({ delivery, message }: Parsed): Promise<void> {
    try {
      await this.#options.handler(message);
    } catch (error) {
      await this.#failed(delivery, message, error);
      return;
    }
    answer(delivery, "+ACK");
  }

  async #failed(delivery: Msg, { messageId, type }: Message, error: unknown): Promise<void> {
    const deliveries = deliveriesOf(delivery);
    const { log, ledger, maxDeliveries } = this.#options;
    if (ledger && deliveries >= maxDeliveries) {
      await this.#park(delivery, error);
      return;
    }
    const delayMs = backoffMs(deliveries);
    log[deliveries < 4 ? "debug" : "warn"](
      { err: error, messageId, type, deliveries, delayMs },
      "bus: not handled, comes again",
    );
    giveBack(delivery, delayMs);
  }

  /** Into the service's own database; only then may JetStream forget it. */
  async #park(delivery: Msg, error: unknown): Promise<void> {
    const { ledger, log, service } = this.#options;
    const deliveries = deliveriesOf(delivery);
    const id = delivery.headers?.get("Nats-Msg-Id") || `unnamed-${addressOf(delivery)}`;
    const why = error instanceof Error ? error.message : String(error);
    log.error({ err: error, service, id, deliveries }, "bus: a message becomes a dead letter");
    try {
      if (!ledger) throw new Error("this consumer keeps no dead letters");
      await ledger.park({
        id,
        subject: delivery.subject,
        payload: delivery.string(),
        deliveries,
        error: why,
      });
    } catch (parking) {
      log.warn({ err: parking, id }, "bus: not parked, comes again");
      giveBack(delivery, backoffMs(deliveries));
      return;
    }
    answer(delivery, "+TERM");
  }
}

/** Unanswered, it is delivered again: so nobody waits for this. */
function answer(delivery: Msg, word: string): void {
  try {
    delivery.respond(word);
  } catch {
    // The connection is closed; what is not acknowledged comes again.
  }
}

function giveBack(delivery: Msg, delayMs: number): void {
  answer(delivery, `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`);
}

/** Of its acknowledgement; never that of another delivery. */
function addressOf(delivery: Msg): string {
  return (delivery.reply ?? "").split(".").slice(2).join("-");
}
