/** A bus that misbehaves as real ones do: delivers twice, late, and loses acknowledgements. */
import type { Bus, BusFigures, ConsumeOptions, Handler, Place, Store } from "../bus/bus.ts";
import type { Message } from "../contracts/messages.ts";
import type { ServiceName } from "../contracts/names.ts";

export interface Faults {
  /** 0 to 1. The message is handled, but the sender hears an error and repeats it. */
  readonly lostAcks: number;
  /** 0 to 1. The message is handled twice, the second time at the same moment. */
  readonly duplicates: number;
  /** Milliseconds, at most; reorders messages. */
  readonly delayMs: number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

export class FaultyBus implements Bus {
  readonly #bus: Bus;
  readonly #faults: Faults;
  readonly store?: Store;
  readonly figures?: BusFigures;

  constructor(bus: Bus, faults: Faults) {
    this.#bus = bus;
    this.#faults = faults;
    if (bus.store) this.store = bus.store;
    if (bus.figures) this.figures = bus.figures;
  }

  // biome-ignore lint/suspicious/noConfusingVoidType: as the bus inside.
  async publish(message: Message): Promise<Place | void> {
    const { lostAcks, duplicates, delayMs, random } = this.#faults;
    await new Promise((resolve) => setTimeout(resolve, random() * delayMs));
    const copies = random() < duplicates ? 2 : 1;
    const [place] = await Promise.all(
      Array.from({ length: copies }, () => this.#bus.publish(message)),
    );
    if (random() < lostAcks) throw new Error("the acknowledgement was lost");
    return place;
  }

  consume(service: ServiceName, handler: Handler, options?: ConsumeOptions): Promise<void> {
    return this.#bus.consume(service, handler, options);
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}
