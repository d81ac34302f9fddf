/**
 * Makes streams and consumers, brings them up to date, and notices when a stream is another than
 * before. Any number of processes do so at the same time: each step may find itself done.
 */
import {
  type ConsumerInfo,
  type JetStreamManager,
  type NatsConnection,
  NatsError,
  type StreamInfo,
} from "nats";
import type { ServiceName } from "../../contracts/names.ts";
import { UnavailableError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import {
  CONSUMERS,
  consumerConfig,
  DURABLE,
  differences,
  type JetStreamSettings,
  streamConfig,
  streamName,
} from "./topology.ts";

/** JetStream's own error codes; the texts differ between versions. */
const STREAM_NOT_FOUND = 10_059;
const CONSUMER_NOT_FOUND = 10_014;
const STREAM_NAME_IN_USE = 10_058;

/** Of an answer by JetStream's API. */
export const API_TIMEOUT_MS = 5_000;

export interface StreamKeeperOptions {
  readonly connection: NatsConnection;
  readonly settings: JetStreamSettings;
  readonly log: Log;
  /** A stream is not the one it was: what lay in it is gone. */
  readonly onForgotten: (service: ServiceName) => void;
}

export class StreamKeeper {
  readonly #options: StreamKeeperOptions;
  readonly #epochs = new Map<ServiceName, string>();
  #manager: Promise<JetStreamManager> | undefined;
  #keeping: Promise<void> | undefined;
  /** Differences already complained about. */
  readonly #told = new Set<string>();

  constructor(options: StreamKeeperOptions) {
    this.#options = options;
  }

  /** The life of a service's stream as far as this process knows. */
  epochOf(service: ServiceName): string {
    const epoch = this.#epochs.get(service);
    if (epoch === undefined) throw new Error(`the stream of ${service} is not known yet`);
    return epoch;
  }

  /** Makes what is missing and adapts what differs; calls at the same time share one run. */
  keep(): Promise<void> {
    this.#keeping ??= this.#keepAll().finally(() => {
      this.#keeping = undefined;
    });
    return this.#keeping;
  }

  async streamInfo(service: ServiceName): Promise<StreamInfo> {
    const manager = await this.#open();
    return manager.streams.info(streamName(this.#options.settings, service));
  }

  async consumerInfo(service: ServiceName): Promise<ConsumerInfo> {
    const manager = await this.#open();
    return manager.consumers.info(streamName(this.#options.settings, service), DURABLE);
  }

  async #keepAll(): Promise<void> {
    const manager = await this.#open();
    for (const service of CONSUMERS) {
      const info = await this.#keepStream(manager, service);
      await this.#keepConsumer(manager, service);
      this.#learn(service, info.created);
    }
  }

  /** A stream's time of creation names its life: one that was made anew has another. */
  #learn(service: ServiceName, epoch: string): void {
    const before = this.#epochs.get(service);
    this.#epochs.set(service, epoch);
    if (before === undefined || before === epoch) return;
    this.#options.log.warn(
      { service, before, epoch },
      "bus: the stream was made anew; what it had kept is sent again",
    );
    this.#options.onForgotten(service);
  }

  async #keepStream(manager: JetStreamManager, service: ServiceName): Promise<StreamInfo> {
    const should = streamConfig(this.#options.settings, service);
    const found = await manager.streams.info(should.name).catch(absent(STREAM_NOT_FOUND));
    if (!found) {
      return manager.streams.add(should).catch((error: unknown) => {
        // Another process was faster, perhaps with other settings.
        if (codeOf(error) === STREAM_NAME_IN_USE) return manager.streams.info(should.name);
        throw refusal(error, `make the stream ${should.name}`);
      });
    }
    const different = differences({ ...found.config }, { ...should });
    if (different.length === 0) return found;
    return manager.streams.update(should.name, should).catch((error: unknown) => {
      this.#complain(`stream ${should.name}`, different, error);
      return found;
    });
  }

  async #keepConsumer(manager: JetStreamManager, service: ServiceName): Promise<void> {
    const { settings } = this.#options;
    const stream = streamName(settings, service);
    const should = consumerConfig(settings);
    const found = await manager.consumers.info(stream, DURABLE).catch(absent(CONSUMER_NOT_FOUND));
    if (!found) {
      // The same consumer once more is no error.
      await manager.consumers.add(stream, should);
      return;
    }
    const different = differences({ ...found.config }, { ...should });
    if (different.length === 0) return;
    await manager.consumers
      .update(stream, DURABLE, should)
      .catch((error: unknown) => this.#complain(`consumer of ${stream}`, different, error));
  }

  /** What cannot be changed on a living stream stays as it is, and is said once. */
  #complain(what: string, different: readonly string[], error: unknown): void {
    const key = `${what}: ${different.join(", ")}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#options.log.warn(
      { err: error, what, different },
      "bus: settings that JetStream does not change on what exists; it goes on as it is",
    );
  }

  #open(): Promise<JetStreamManager> {
    this.#manager ??= this.#options.connection
      .jetstreamManager({ timeout: API_TIMEOUT_MS, checkAPI: false })
      .catch((error: unknown) => {
        this.#manager = undefined;
        throw error;
      });
    return this.#manager;
  }
}

function codeOf(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

function absent(code: number): (error: unknown) => undefined {
  return (error) => {
    if (codeOf(error) === code) return undefined;
    throw error;
  };
}

/** One line that names what to change where that is known. */
function refusal(error: unknown, what: string): Error {
  const why = error instanceof Error ? error.message : String(error);
  if (!(error instanceof NatsError) || !error.api_error) return error as Error;
  const hint = /replicas/.test(why)
    ? "; set JETSTREAM_REPLICAS to at most the number of servers in the cluster"
    : /storage|resources/.test(why)
      ? "; give JetStream more room, or set JETSTREAM_MAX_BYTES"
      : "";
  return new UnavailableError(`JetStream does not ${what}: ${why}${hint}`);
}
