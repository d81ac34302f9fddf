/** A bus with failpoints around each hand-over: what real ones do in bad moments, chosen by FAILPOINTS. */
import type { Message } from "../contracts/messages.ts";
import type { ServiceName } from "../contracts/names.ts";
import { failpoint } from "../failpoints.ts";
import type { Bus, BusFigures, ConsumeOptions, Handler, Place, Store } from "./bus.ts";

export class FailingBus implements Bus {
  readonly #bus: Bus;
  readonly store?: Store;
  readonly figures?: BusFigures;

  constructor(bus: Bus) {
    this.#bus = bus;
    if (bus.store) this.store = bus.store;
    if (bus.figures) this.figures = bus.figures;
  }

  // biome-ignore lint/suspicious/noConfusingVoidType: as the bus inside.
  async publish(message: Message): Promise<Place | void> {
    const place = await this.#bus.publish(message);
    if ((await failpoint("relay.afterPublish")) === "duplicate") await this.#bus.publish(message);
    return place;
  }

  consume(service: ServiceName, handler: Handler, options?: ConsumeOptions): Promise<void> {
    const { handleMany, ...rest } = options ?? {};
    return this.#bus.consume(service, failing(handler), {
      ...rest,
      ...(handleMany ? { handleMany: failing(handleMany) } : {}),
    });
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}

function failing<T>(handle: (what: T) => Promise<void>): (what: T) => Promise<void> {
  return async (what) => {
    const twice = (await failpoint("consumer.beforeHandling")) === "duplicate";
    // At the same moment: the harder case for an inbox.
    await Promise.all(twice ? [handle(what), handle(what)] : [handle(what)]);
    await failpoint("consumer.beforeAck");
  };
}
