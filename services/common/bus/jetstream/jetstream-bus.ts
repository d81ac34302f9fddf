/**
 * A bus with a store: JetStream keeps what no consumer has handled yet, so senders need not wait for
 * receivers. It may lose its store all the same; outboxes fill it again (`follow`).
 */
import { Events, type NatsConnection, type Subscription } from "nats";
import { type Message, ROUTES } from "../../contracts/messages.ts";
import type { ServiceName } from "../../contracts/names.ts";
import type { Log } from "../../log.ts";
import { WorkLoop } from "../../work-loop.ts";
import type {
  Bus,
  BusFigures,
  ConsumeOptions,
  Fate,
  Followed,
  Handler,
  Place,
  Store,
} from "../bus.ts";
import { openConnection, startFailure } from "./connection.ts";
import { Delivery } from "./delivery.ts";
import { fateIn } from "./fates.ts";
import { NoStream, Publisher } from "./publisher.ts";
import { PULL_ROOM, Puller } from "./puller.ts";
import { answerRecalls, askRecall } from "./recall.ts";
import { StreamKeeper } from "./stream-keeper.ts";
import {
  DURABLE,
  inquirySubject,
  type JetStreamSettings,
  streamName,
  subjectOf,
} from "./topology.ts";

export interface JetStreamBusOptions {
  /** nats:// */
  readonly url: string;
  /** The connection's name, for whoever looks at the server. */
  readonly name: string;
  readonly settings: JetStreamSettings;
  readonly log: Log;
}

/** A stream that somebody else made anew is noticed within this time, if not by its silence. */
const LOOK_EVERY_MS = 5_000;
const AFTER_FAILURE_MS = 500;
const AFTER_TROUBLE_MS = 100;

/** One service's deliveries to this process. */
interface Consumption {
  readonly puller: Puller;
  readonly delivery: Delivery;
  readonly recalls: Subscription | undefined;
  /** To be resumed once streams and consumers have been looked after. */
  troubled: boolean;
}

export class JetStreamBus implements Bus {
  readonly store: Store;
  readonly #connection: NatsConnection;
  readonly #settings: JetStreamSettings;
  readonly #log: Log;
  readonly #publisher: Publisher;
  readonly #keeper: StreamKeeper;
  readonly #mending: WorkLoop;
  readonly #consumptions = new Map<ServiceName, Consumption>();
  readonly #forgotten: (() => void)[] = [];
  readonly figures: BusFigures;
  #connected = true;
  #closing: Promise<void> | undefined;

  /**
   * Connects, and makes the streams.
   * @throws UnavailableError when nobody answers, ConfigurationError when JetStream is off
   */
  static async open(options: JetStreamBusOptions): Promise<JetStreamBus> {
    const connection = await openConnection(options);
    const bus = new JetStreamBus(connection, options);
    try {
      await bus.#keeper.keep();
    } catch (error) {
      await bus.close();
      throw startFailure(error, options.url);
    }
    bus.#mending.start();
    return bus;
  }

  private constructor(connection: NatsConnection, { settings, log }: JetStreamBusOptions) {
    this.#connection = connection;
    this.#settings = settings;
    this.#log = log;
    this.#publisher = new Publisher(connection);
    this.#keeper = new StreamKeeper({
      connection,
      settings,
      log,
      onForgotten: () => this.#tellForgotten(),
    });
    this.#mending = new WorkLoop({
      look: () => this.#mend(),
      onError: (error) => log.warn({ err: error }, "bus: JetStream does not answer, trying on"),
      retryMs: AFTER_FAILURE_MS,
    });
    this.figures = this.#figures();
    this.store = this.#openStore();
    void this.#watchConnection();
  }

  async publish(message: Message): Promise<Place> {
    if (this.#closing) throw new Error("this bus is closing");
    // The client would keep it for a reconnection that may come after the outbox' next attempt.
    if (!this.#connected) throw new Error("not connected to NATS");
    // Taken before: a stream made anew meanwhile is another one than the row will name.
    const epoch = this.#keeper.epochOf(ROUTES[message.type].consumer);
    const subject = subjectOf(this.#settings, message.type);
    try {
      const { sequence } = await this.#publisher.publish(
        subject,
        message.messageId,
        JSON.stringify(message),
      );
      return { epoch, sequence };
    } catch (error) {
      if (error instanceof NoStream) this.#mending.wake();
      throw error;
    }
  }

  async consume(
    service: ServiceName,
    handler: Handler,
    options: ConsumeOptions = {},
  ): Promise<void> {
    if (this.#consumptions.has(service)) throw new Error(`${service} consumes already`);
    const delivery = new Delivery({
      ...options,
      service,
      handler,
      maxDeliveries: this.#settings.maxDeliveries,
      log: this.#log,
      onDone: () => puller.done(),
    });
    const puller = new Puller({
      connection: this.#connection,
      stream: streamName(this.#settings, service),
      consumer: DURABLE,
      room: PULL_ROOM,
      onMessage: (message) => delivery.take(message),
      onTrouble: (why) => {
        this.#log.warn({ service, why }, "bus: nothing is delivered, looking after it");
        consumption.troubled = true;
        // A moment later: whatever refuses at once is not to be asked at once for ever.
        setTimeout(() => this.#mending.wake(), AFTER_TROUBLE_MS).unref();
      },
    });
    const recalls =
      options.ledger &&
      answerRecalls(
        this.#connection,
        inquirySubject(this.#settings, service),
        options.ledger,
        this.#log,
      );
    const consumption: Consumption = { puller, delivery, recalls, troubled: false };
    this.#consumptions.set(service, consumption);
    puller.resume();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#mending.stop();
    for (const { puller, delivery, recalls } of this.#consumptions.values()) {
      recalls?.unsubscribe();
      await puller.stop();
      await delivery.close();
    }
    await this.#publisher.close();
    // The last acknowledgements are still on their way to the socket.
    if (this.#connected) await this.#connection.drain().catch(() => this.#connection.close());
    else await this.#connection.close();
  }

  async #follow(
    service: ServiceName,
    messages: readonly Followed[],
  ): Promise<ReadonlyMap<string, Fate>> {
    // In this order: what was acknowledged before the look at the stream is in the books by now.
    const [{ created, state }, { ack_floor }] = await Promise.all([
      this.#keeper.streamInfo(service),
      this.#keeper.consumerInfo(service),
    ]);
    const known = await askRecall(
      this.#connection,
      inquirySubject(this.#settings, service),
      messages.map(({ messageId }) => messageId),
    );
    const stream = { created, first: state.first_seq, last: state.last_seq };
    const fate = fateIn(stream, ack_floor.stream_seq, known);
    return new Map(messages.map((message) => [message.messageId, fate(message)]));
  }

  /** Streams and consumers as they should be; then deliveries go on. */
  async #mend(): Promise<number> {
    if (!this.#connected) return LOOK_EVERY_MS;
    await this.#keeper.keep();
    for (const consumption of this.#consumptions.values()) {
      if (!consumption.troubled) continue;
      consumption.troubled = false;
      consumption.puller.resume();
    }
    return LOOK_EVERY_MS;
  }

  async #watchConnection(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === Events.Disconnect) {
        this.#connected = false;
        this.#log.warn("bus: the connection to NATS is lost, reconnecting");
      } else if (type === Events.Reconnect) {
        this.#connected = true;
        this.#log.info("bus: connected to NATS again");
        // Requests died with the connection, and it may be another store that answers now.
        for (const consumption of this.#consumptions.values()) {
          consumption.puller.pause();
          consumption.troubled = true;
        }
        this.#mending.wake();
        // A server that was killed may have lost the end of what it had acknowledged.
        this.#tellForgotten();
      }
    }
  }

  #tellForgotten(): void {
    for (const listener of this.#forgotten) listener();
  }

  #openStore(): Store {
    const isReachable = () => this.#connected && !this.#closing;
    return {
      get reachable() {
        return isReachable();
      },
      follow: (service, messages) => this.#follow(service, messages),
      onForgotten: (listener) => void this.#forgotten.push(listener),
    };
  }

  #figures(): BusFigures {
    const publisher = this.#publisher;
    const consumptions = this.#consumptions;
    const keeper = this.#keeper;
    return {
      get unacknowledged() {
        return publisher.unacknowledged;
      },
      get redeliveries() {
        return [...consumptions.values()].reduce((sum, one) => sum + one.delivery.redeliveries, 0);
      },
      waiting: async (service) => (await keeper.streamInfo(service)).state.messages,
    };
  }
}
