/** An outbox and an inbox on a PostgreSQL of its own, JetStream on a server of its own, and the way between them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type JetStreamClient, type NatsConnection } from "nats";
import { JetStreamBus } from "../../services/common/bus/jetstream/jetstream-bus.ts";
import { DEFAULT_SETTINGS } from "../../services/common/bus/jetstream/topology.ts";
import type { Message } from "../../services/common/contracts/messages.ts";
import { type Database, withClient } from "../../services/common/database.ts";
import { DeadLetters } from "../../services/common/dead-letters/dead-letters.ts";
import { newMessageId, newSagaId, uuid } from "../../services/common/ids.ts";
import { createLog } from "../../services/common/log.ts";
import { OutboxRelay } from "../../services/common/outbox/outbox-relay.ts";
import { outboxRows } from "../../services/common/outbox/outbox-rows.ts";
import { firstTimes } from "../../services/common/outbox/outbox-store.ts";
import { startNats } from "../../services/common/servers/nats-server.ts";
import { POSTGRES_SETTINGS, startBenchDatabase } from "./bench-database.ts";
import type { BenchContext, Settings } from "./benchmark.ts";

export interface OutboxStage {
  readonly database: Database;
  /** Every message counts once, when its inbox mark is committed. */
  onHandled: (messageIds: readonly string[]) => void;
  openRelay(): OutboxRelay;
  /** A stream of the same settings, for whoever publishes by hand. */
  readonly byHand: JetStreamClient;
  readonly natsPid: number;
  readonly backendPid: number;
  readonly settings: Settings;
}

/** Subjects of the stream for those who publish by hand. */
export const BY_HAND = "by-hand";

export async function startOutboxStage({ parts, environment }: BenchContext): Promise<OutboxStage> {
  const { url, database } = await startBenchDatabase(parts, "bench_outbox", ["common"], 12);
  const backendPid = await stayingBackend(url, parts);
  const jetStreamDir = await mkdtemp(join(tmpdir(), "reservex-bench-nats-"));
  parts.defer(() => rm(jetStreamDir, { recursive: true, force: true }));
  const nats = await startNats({ environment, log: () => {}, jetStreamDir });
  parts.defer(() => nats.stop());
  const hand = await connect({ servers: nats.url, noAsyncTraces: true });
  parts.defer(() => hand.close());
  await makeStreamByHand(hand);
  const log = createLog("warn");
  const open = async (name: string) => {
    const bus = await JetStreamBus.open({ url: nats.url, name, settings: DEFAULT_SETTINGS, log });
    parts.defer(() => bus.close());
    return bus;
  };
  const [sender, receiver] = [await open("sender"), await open("receiver")];
  const stage: OutboxStage = {
    database,
    onHandled: () => {},
    openRelay: () => new OutboxRelay({ rows: outboxRows(database), bus: sender, log }),
    byHand: hand.jetstream({ timeout: 5_000 }),
    natsPid: nats.pid,
    backendPid,
    settings: {
      nats: `${hand.info?.version}, file storage, one replica`,
      postgres: POSTGRES_SETTINGS,
    },
  };
  const handleMany = async (messages: readonly Message[]) => {
    const ids = messages.map(({ messageId }) => messageId);
    const first = await database.transaction((tx) => firstTimes(tx, ids));
    stage.onHandled([...first]);
  };
  const handler = (message: Message) => handleMany([message]);
  const ledger = new DeadLetters({ database, log, handler });
  await receiver.consume("payment", handler, { handleMany, ledger });
  return stage;
}

/** A connection that does nothing but be there to the end; it leads to the server's process. */
async function stayingBackend(url: string, parts: AsyncDisposableStack): Promise<number> {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const { promise: known, resolve: tell } = Promise.withResolvers<number>();
  const staying = withClient(url, async (client) => {
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    tell(rows[0]!.pid);
    await over;
  });
  parts.defer(async () => {
    end();
    await staying;
  });
  return known;
}

async function makeStreamByHand(connection: NatsConnection): Promise<void> {
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: BY_HAND, subjects: [BY_HAND] });
}

export function newMessage(): Message {
  return {
    messageId: newMessageId(uuid),
    sagaId: newSagaId(uuid),
    type: "ChargePayment",
    occurredAt: "2026-01-01T00:00:00.000Z",
    data: { reservationId: 1, userId: 2, amountCents: 4_990 },
  };
}
