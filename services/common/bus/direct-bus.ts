/**
 * A bus without a store: a message goes straight to its consumer's handler through a Moleculer
 * action, in this process when the consumer lives here and over the transporter when it does not.
 * `publish` resolves only after the handler has committed, so the sender's outbox alone keeps what
 * is not handled yet: a crash of either side leads to a redelivery, never to a loss.
 */
import type { Context, Service, ServiceBroker } from "moleculer";
import { type Message, parseMessage, ROUTES } from "../contracts/messages.ts";
import type { ServiceName } from "../contracts/names.ts";
import { LIMITS } from "../limits.ts";
import type { Bus, ConsumeOptions, Handler } from "./bus.ts";
import { gathered } from "./gathering.ts";

const nameOf = (service: ServiceName): string => `bus-${service}`;

export class DirectBus implements Bus {
  readonly #broker: ServiceBroker;
  readonly #services: Service[] = [];
  readonly #handling = new Set<Promise<void>>();

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  async publish(message: Message): Promise<void> {
    await this.#broker.call(`${nameOf(ROUTES[message.type].consumer)}.deliver`, message, {
      timeout: LIMITS.deliveryMs,
    });
  }

  async consume(
    service: ServiceName,
    handler: Handler,
    { handleMany }: ConsumeOptions = {},
  ): Promise<void> {
    const { logger } = this.#broker;
    const onApart = (error: unknown) => logger.debug("bus: not all together, so one by one", error);
    const handle = handleMany ? gathered({ handler, handleMany, onApart }) : handler;
    const created = this.#broker.createService({
      name: nameOf(service),
      actions: {
        // Parsed here: what comes over a wire is not a Message until it was looked at.
        deliver: (ctx: Context<unknown>) => this.#handle(parseMessage(ctx.params), handle),
      },
    });
    this.#services.push(created);
    // The default interval, a second, would be most of a stack's start.
    await this.#broker.waitForServices(created.fullName, 5_000, 10);
  }

  async close(): Promise<void> {
    for (const service of this.#services.splice(0)) await this.#broker.destroyService(service);
    await Promise.allSettled(this.#handling);
  }

  #handle(message: Message, handler: Handler): Promise<void> {
    const handling = handler(message).finally(() => this.#handling.delete(handling));
    this.#handling.add(handling);
    return handling;
  }
}
