/** Messages as people send them: JetStream with acknowledgements, and nothing that remembers them but it. */
import { setTimeout as wait } from "node:timers/promises";
import {
  AckPolicy,
  connect,
  JSONCodec,
  type JsMsg,
  type NatsConnection,
  nanos,
  StorageType,
} from "nats";
import { failpoint } from "../../../services/common/failpoints.ts";

export type NaiveMessage =
  | {
      readonly type: "charge";
      readonly orderId: string;
      readonly reservationId: number;
      readonly cents: number;
    }
  | { readonly type: "refund"; readonly orderId: string }
  | { readonly type: "paid" | "declined"; readonly orderId: string };

export type NaiveService = "ticket" | "payment";

export interface NaiveBus {
  /** Resolves when JetStream has it on its disk. */
  publish(to: NaiveService, message: NaiveMessage): Promise<void>;
  consume(as: NaiveService, handle: (message: NaiveMessage) => Promise<void>): Promise<void>;
}

const STREAM = "naive";
/** A consumer that dies gives its messages back after this. */
const ACK_WAIT_MS = 5_000;
const PUBLISH_MS = 2_000;
const AGAIN_MS = 500;

export async function openNaiveBus(url: string): Promise<NaiveBus> {
  const connection = await connect({
    servers: url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
  });
  const manager = await connection.jetstreamManager();
  await manager.streams.add({
    name: STREAM,
    subjects: [`${STREAM}.>`],
    storage: StorageType.File,
  });
  const codec = JSONCodec<NaiveMessage>();
  return {
    async publish(to, message) {
      const options = { timeout: PUBLISH_MS };
      await connection.jetstream().publish(`${STREAM}.${to}`, codec.encode(message), options);
    },
    async consume(as, handle) {
      await manager.consumers.add(STREAM, {
        durable_name: as,
        filter_subject: `${STREAM}.${as}`,
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(ACK_WAIT_MS),
      });
      void receive(connection, as, (message) =>
        handleOne(message, codec.decode(message.data), handle),
      );
    },
  };
}

/** For ever; what breaks is begun anew. */
async function receive(
  connection: NatsConnection,
  as: NaiveService,
  take: (message: JsMsg) => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      const consumer = await connection.jetstream().consumers.get(STREAM, as);
      for await (const message of await consumer.consume()) void take(message);
    } catch {
      // JetStream is away: the connection comes back by itself.
    }
    await wait(AGAIN_MS);
  }
}

/** Acknowledged once it is handled; not at all where that failed, so that it comes again. */
async function handleOne(
  message: JsMsg,
  content: NaiveMessage,
  handle: (message: NaiveMessage) => Promise<void>,
): Promise<void> {
  try {
    await failpoint("consumer.beforeHandling");
    await handle(content);
    await failpoint("consumer.beforeAck");
    message.ack();
  } catch {
    message.nak(AGAIN_MS);
  }
}
