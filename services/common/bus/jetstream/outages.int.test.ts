/** JetStream that dies, loses everything, or loses a part, under traffic: nothing is lost for good. */
import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withClient } from "../../database.ts";
import { DeadLetters } from "../../dead-letters/dead-letters.ts";
import { createLog } from "../../log.ts";
import { OutboxRelay } from "../../outbox/outbox-relay.ts";
import { outboxRows } from "../../outbox/outbox-rows.ts";
import { countUnsent, firstTime, handledOf, putMessages } from "../../outbox/outbox-store.ts";
import { messagingDatabase } from "../../testing/messaging-database.ts";
import { eventually } from "../../testing/service-harness.ts";
import { message } from "../bus-conformance.ts";
import {
  freshNamespace,
  type OwnNats,
  openTestBus,
  startOwnNats,
} from "../testing/jetstream-stage.ts";

const log = createLog("silent");

interface Stage {
  readonly nats: OwnNats;
  readonly namespace: string;
  /** A receiver, with the inbox; closed at the end. */
  consume(): Promise<void>;
  /** The sender's process ends and another one begins. */
  restartSender(): Promise<void>;
  /** Messages handled for the first time, by their inbox; twice would be two entries. */
  readonly effects: string[];
  put(ids: readonly string[]): Promise<void>;
  /** The bus has taken all of them. */
  allSent(): Promise<void>;
  allHandled(ids: readonly string[]): Promise<void>;
  /** How many rows of the outbox have not ended. */
  open(): Promise<number>;
  /** By the sender of now. */
  resent(): number;
}

/** A sender with its outbox and a receiver with its inbox, as services have them, on one database. */
async function onStage(
  storage: "file" | "memory",
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const { database, url, drop } = await messagingDatabase("outage", 8);
  const nats = await startOwnNats();
  const namespace = freshNamespace();
  const settings = { storage, ackWaitMs: 1_000 } as const;
  const closes: (() => Promise<unknown>)[] = [];
  const effects: string[] = [];
  const handler = async (one: { readonly messageId: string }) => {
    const first = await database.transaction((tx) => firstTime(tx, one.messageId));
    if (first) effects.push(one.messageId);
  };
  const consume = async () => {
    const receiver = await openTestBus(namespace, settings, nats.url);
    closes.push(() => receiver.close());
    const ledger = new DeadLetters({ database, log, handler });
    await receiver.consume("payment", handler, { ledger });
  };
  const startSender = async () => {
    const bus = await openTestBus(namespace, settings, nats.url);
    const rows = outboxRows(database, undefined, 1);
    const relay = new OutboxRelay({ rows, bus, log });
    relay.start();
    return { bus, relay };
  };
  let sender = await startSender();
  const stopSender = async () => {
    await sender.bus.close();
    await sender.relay.stop();
  };
  const restartSender = async () => {
    await stopSender();
    sender = await startSender();
  };
  const allHandled = (ids: readonly string[]) =>
    eventually(
      async () => ids.length - (await handledOf(database, ids)).length,
      (missing) => missing === 0,
      40_000,
    ).then(() => undefined);
  const open = () =>
    withClient(url, async (client) => {
      const { rows } = await client.query<{ count: number }>(
        "select count(*)::int as count from outbox where handled_at is null",
      );
      return rows[0]!.count;
    });
  const put = async (ids: readonly string[]) => {
    await putMessages(
      database,
      ids.map((id) => message(id)),
    );
    sender.relay.wake();
  };
  const allSent = () =>
    eventually(
      () => countUnsent(database),
      (unsent) => unsent === 0,
    ).then(() => undefined);
  const resent = () => sender.relay.resent;
  const doors = { consume, restartSender, put, allSent, allHandled, open, resent };
  try {
    await work({ nats, namespace, effects, ...doors });
  } finally {
    for (const close of closes) await close();
    await stopSender();
    await nats.stop();
    await drop();
  }
}

const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

/** Each effect once; the last of them are noted a moment after their marks are committed. */
async function assertOnce(effects: readonly string[], ids: readonly string[]): Promise<void> {
  await eventually(
    async () => effects.length,
    (count) => count >= ids.length,
  );
  assert.is(effects.length, new Set(effects).size, "an effect twice");
  assert.is(effects.length, ids.length);
}

for (const storage of ["file", "memory"] as const) {
  const test = suite(`outages of JetStream, storage: ${storage}`);

  test("killed and restarted under traffic: nothing is lost, and consumption goes on", () =>
    onStage(storage, async ({ nats, consume, put, allHandled, effects }) => {
      await consume();
      const ids: string[] = [];
      for (let round = 0; round < 3; round++) {
        const fresh = names(`round-${round}`, 400);
        ids.push(...fresh);
        await put(fresh.slice(0, 200));
        // In the middle of it.
        await eventually(
          async () => effects.length,
          (count) => count > round * 400,
        );
        await nats.kill();
        await put(fresh.slice(200));
        await nats.restart();
      }
      const last = names("after", 100);
      ids.push(...last);
      await put(last);
      await allHandled(ids);
      await assertOnce(effects, ids);
    }));

  test("wiped while messages lie in it: the outbox fills it again", () =>
    onStage(storage, async (stage) => {
      const { nats, consume, put, allSent, allHandled, effects, open, resent } = stage;
      const [lying, away, late] = [names("lying", 300), names("away", 50), names("late", 50)];
      await put(lying);
      await allSent();
      await nats.kill();
      await put(away);
      await nats.restart({ wiped: true });
      await consume();
      await allHandled([...lying, ...away]);
      assert.ok(resent() >= 300, `sent again: ${resent()}`);
      await put(late);
      await allHandled(late);
      await assertOnce(effects, [...lying, ...away, ...late]);
      await eventually(open, (rows) => rows === 0, 40_000);
    }));

  test("wiped while its senders are away too: the next process sends again", () =>
    onStage(
      storage,
      async ({ nats, consume, restartSender, put, allSent, allHandled, effects }) => {
        const lying = names("lying", 100);
        await put(lying);
        await allSent();
        await nats.kill();
        await nats.restart({ wiped: true });
        await restartSender();
        await consume();
        await allHandled(lying);
        await assertOnce(effects, lying);
      },
    ));

  test.run();
}

const deleted = suite("streams and consumers that somebody deletes");

deleted("a deleted stream is made anew, and what lay in it is sent again", () =>
  onStage("file", async (stage) => {
    const { nats, namespace, consume, put, allSent, allHandled, effects, resent } = stage;
    const operator = await connect({ servers: nats.url });
    const lying = names("lying", 50);
    await put(lying);
    await allSent();
    await (await operator.jetstreamManager()).streams.delete(`${namespace}-payment`);
    await operator.close();
    await consume();
    await allHandled(lying);
    assert.is(resent(), 50);
    const after = names("after", 50);
    await put(after);
    await allHandled(after);
    await assertOnce(effects, [...lying, ...after]);
  }),
);

deleted("a deleted consumer, or a deleted stream under traffic, stops nothing for long", () =>
  onStage("file", async ({ nats, namespace, consume, put, allHandled, effects }) => {
    const operator = await connect({ servers: nats.url });
    const manager = await operator.jetstreamManager();
    const stream = `${namespace}-payment`;
    await consume();
    const ids: string[] = [];
    for (let round = 0; round < 4; round++) {
      const fresh = names(`round-${round}`, 50);
      ids.push(...fresh);
      await put(fresh);
      if (round % 2 === 0) await manager.consumers.delete(stream, "service");
      else await manager.streams.delete(stream);
      await allHandled(fresh);
    }
    await assertOnce(effects, ids);
    await operator.close();
  }),
);

deleted.run();
