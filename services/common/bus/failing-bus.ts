/** A bus with failpoints around each hand-over: what real ones do in bad moments, chosen by FAILPOINTS. */
import type { Message } from "../contracts/messages.ts";
import type { ServiceName } from "../contracts/names.ts";
import { failpoint } from "../failpoints.ts";
import type { Bus, Handler } from "./bus.ts";

export class FailingBus implements Bus {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  async publish(message: Message): Promise<void> {
    await this.#bus.publish(message);
    if ((await failpoint("relay.afterPublish")) === "duplicate") await this.#bus.publish(message);
  }

  consume(service: ServiceName, handler: Handler): Promise<void> {
    return this.#bus.consume(service, async (message) => {
      const twice = (await failpoint("consumer.beforeHandling")) === "duplicate";
      // At the same moment: the harder case for an inbox.
      await Promise.all(twice ? [handler(message), handler(message)] : [handler(message)]);
      await failpoint("consumer.beforeAck");
    });
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}
