/**
 * Stand-ins for the ticket and the payment service on a real bus. One object may serve several
 * brokers, at once or one after the other: like a database, it outlives the processes.
 */
import type { ServiceSchema } from "moleculer";
import type { Bus } from "../../common/bus/bus.ts";
import type { Message, MessageType } from "../../common/contracts/messages.ts";
import type { ServiceContext } from "../../common/service-context.ts";
import { type PaymentScript, SimulatedWorld } from "./simulated-world.ts";

const SEND_EVERY_MS = 10;

export class StandIns {
  readonly worlds = new Map<string, SimulatedWorld>();
  readonly #buses = new Set<Bus>();
  readonly #outbox = new Set<Message>();
  readonly #sending = new Map<Message, Promise<void>>();
  readonly #held = new Set<MessageType>();
  #timer: NodeJS.Timeout | undefined;
  #bookings = 0;

  /** To be started with the saga's service; answers what it sends, over the same bus. */
  service(context: ServiceContext): ServiceSchema {
    return {
      name: "stand-ins",
      started: async () => {
        const answer = async (command: Message) =>
          this.say(this.#worldOf(command).receive(command));
        await context.bus.consume("ticket", answer);
        await context.bus.consume("payment", answer);
        this.#buses.add(context.bus);
        this.#timer ??= setInterval(() => this.#send(), SEND_EVERY_MS);
      },
      stopped: async () => {
        this.#buses.delete(context.bus);
        if (this.#buses.size > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
        await Promise.all(this.#sending.values());
      },
    };
  }

  /** A reservation that nobody has been told of yet. */
  reserve(script: PaymentScript): SimulatedWorld {
    this.#bookings += 1;
    const reservationId = this.#bookings;
    const booking = {
      sagaId: `saga_${reservationId}`,
      reservationId,
      userId: 100 + reservationId,
      amountCents: 4_990 + reservationId,
    };
    const world = new SimulatedWorld(booking, script);
    this.worlds.set(booking.sagaId, world);
    return world;
  }

  /** Reserves and says so. */
  book(script: PaymentScript): SimulatedWorld {
    const world = this.reserve(script);
    this.say([world.created()]);
    return world;
  }

  /** Sends until taken: to every coordinator there is. */
  say(messages: readonly Message[]): void {
    for (const message of messages) this.#outbox.add(message);
  }

  /** Keeps messages of these types back until `release`. */
  hold(...types: readonly MessageType[]): void {
    for (const type of types) this.#held.add(type);
  }

  release(): void {
    this.#held.clear();
  }

  /** Messages still to be taken. */
  get unsent(): number {
    return this.#outbox.size;
  }

  #worldOf({ sagaId }: Message): SimulatedWorld {
    const world = this.worlds.get(sagaId);
    if (!world) throw new Error(`nobody reserved ${sagaId}`);
    return world;
  }

  #send(): void {
    for (const message of this.#outbox) {
      if (this.#sending.has(message) || this.#held.has(message.type)) continue;
      const sending = Promise.allSettled([...this.#buses].map((bus) => bus.publish(message))).then(
        (results) => {
          this.#sending.delete(message);
          if (results.every(({ status }) => status === "fulfilled")) this.#outbox.delete(message);
        },
      );
      this.#sending.set(message, sending);
    }
  }
}
