/**
 * What is done with one service's deliveries: handled and acknowledged, given back for a while when
 * that failed, parked when it failed very often or was no message. Nothing is ever dropped.
 */
import { type Msg, nanos } from "nats";
import { type Message, parseMessage } from "../../contracts/messages.ts";
import type { ServiceName } from "../../contracts/names.ts";
import type { Log } from "../../log.ts";
import type { ConsumeOptions, Handler } from "../bus.ts";
import { gathered } from "../gathering.ts";
import { deliveriesOf } from "./puller.ts";
import { backoffMs } from "./redelivery.ts";

export interface DeliveryOptions extends ConsumeOptions {
  readonly service: ServiceName;
  readonly handler: Handler;
  readonly maxDeliveries: number;
  readonly log: Log;
  /** One is out of hand: there is room for another. */
  readonly onDone: () => void;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #handler: Handler;
  readonly #working = new Set<Promise<void>>();
  #closing = false;
  redeliveries = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { handler, handleMany, log } = options;
    const onApart = (error: unknown) =>
      log.debug({ err: error }, "bus: not all together, so one by one");
    this.#handler = handleMany ? gathered({ handler, handleMany, onApart }) : handler;
  }

  take(delivery: Msg): void {
    if (this.#closing) {
      answer(delivery, "-NAK");
      return;
    }
    if (deliveriesOf(delivery) > 1) this.redeliveries += 1;
    const working = this.#handle(delivery).finally(() => {
      this.#working.delete(working);
      this.#options.onDone();
    });
    this.#working.add(working);
  }

  /** Takes nothing more, and waits for what is in hand. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#working);
  }

  async #handle(delivery: Msg): Promise<void> {
    let message: Message;
    try {
      message = parseMessage(delivery.json());
    } catch (error) {
      await this.#park(delivery, error);
      return;
    }
    try {
      await this.#handler(message);
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
