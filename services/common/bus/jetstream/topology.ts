/** Streams and consumers as JetStream is to have them: names, subjects, settings. */
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  nanos,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "nats";
import { type MessageType, ROUTES } from "../../contracts/messages.ts";
import { SERVICES, type ServiceName } from "../../contracts/names.ts";
import { LIMITS } from "../../limits.ts";

export interface JetStreamSettings {
  readonly storage: "file" | "memory";
  readonly replicas: number;
  /** Messages older than this leave the store unhandled; their senders send them again. */
  readonly maxAgeHours: number;
  /** Bytes of one stream; a full one refuses, and the outbox waits. -1: no limit. */
  readonly maxBytes: number;
  /** Failed deliveries after which a message is parked as a dead letter. */
  readonly maxDeliveries: number;
  /** Milliseconds after which a delivery without an answer is repeated. */
  readonly ackWaitMs: number;
  /** Keeps several buses apart on one server, for tests; absent: the subjects of the contract. */
  readonly namespace?: string | undefined;
}

export const DEFAULT_SETTINGS: JetStreamSettings = {
  storage: "file",
  replicas: 1,
  maxAgeHours: LIMITS.outboxKeepDays * 24,
  maxBytes: -1,
  maxDeliveries: 12,
  ackWaitMs: LIMITS.busAckWaitMs,
};

/** Who gets messages at all. */
export const CONSUMERS: readonly ServiceName[] = SERVICES.filter((service) =>
  Object.values(ROUTES).some(({ consumer }) => consumer === service),
);

/**
 * One stream a consuming service, with exactly its subjects: a server before 2.10 knows only one
 * filter a consumer, and one stream a service needs none.
 */
export function streamName({ namespace }: JetStreamSettings, service: ServiceName): string {
  return `${namespace ?? "reservex"}-${service}`;
}

export const DURABLE = "service";

export function subjectOf(settings: JetStreamSettings, type: MessageType): string {
  return prefixed(settings, ROUTES[type].subject);
}

/** Where a service's processes answer what they have handled; any one of them, from its database. */
export function inquirySubject(settings: JetStreamSettings, service: ServiceName): string {
  return prefixed(settings, `bus.recall.${service}`);
}

/** A handled message leaves a work queue, so what the stream holds is what waits. */
export function streamConfig(
  settings: JetStreamSettings,
  service: ServiceName,
): Partial<StreamConfig> & { name: string } {
  return {
    name: streamName(settings, service),
    description: `ReserveX: messages for the ${service} service`,
    subjects: Object.values(ROUTES)
      .filter(({ consumer }) => consumer === service)
      .map(({ subject }) => prefixed(settings, subject)),
    retention: RetentionPolicy.Workqueue,
    storage: settings.storage === "file" ? StorageType.File : StorageType.Memory,
    num_replicas: settings.replicas,
    max_age: nanos(settings.maxAgeHours * 3_600_000),
    max_bytes: settings.maxBytes,
    max_msg_size: LIMITS.messageBytes,
    // Never the oldest: a full store says so, and the sender keeps the message.
    discard: DiscardPolicy.New,
    duplicate_window: nanos(LIMITS.busDuplicateWindowMs),
  };
}

export function consumerConfig(settings: JetStreamSettings): Partial<ConsumerConfig> {
  return {
    durable_name: DURABLE,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_wait: nanos(settings.ackWaitMs),
    max_ack_pending: LIMITS.busAckPending,
    // Counted by us: the server would stop delivering without a word.
    max_deliver: -1,
  };
}

/**
 * What differs between what is there and what should be, by name; only what we set is compared.
 * Later servers fill in settings of their own.
 */
export function differences(
  is: Readonly<Record<string, unknown>>,
  should: Readonly<Record<string, unknown>>,
): readonly string[] {
  return Object.keys(should).filter(
    (key) => JSON.stringify(sorted(is[key])) !== JSON.stringify(sorted(should[key])),
  );
}

const sorted = (value: unknown): unknown => (Array.isArray(value) ? value.toSorted() : value);

function prefixed({ namespace }: JetStreamSettings, subject: string): string {
  return namespace === undefined ? subject : `${namespace}.${subject}`;
}
