import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bus, Fate } from "../bus/bus.ts";
import type { Message } from "../contracts/messages.ts";
import { type Database, withClient } from "../database.ts";
import { createLog } from "../log.ts";
import { type MessagingDatabase, messagingDatabase } from "../testing/messaging-database.ts";
import { eventually } from "../testing/service-harness.ts";
import { OutboxRelay } from "./outbox-relay.ts";
import { outboxRows } from "./outbox-rows.ts";
import {
  claimMessages,
  countUnsent,
  firstTime,
  forgetOld,
  markSent,
  putMessages,
  unsentOf,
} from "./outbox-store.ts";

const log = createLog("silent");
let messaging: MessagingDatabase;
let database: Database;

test.before(async () => {
  messaging = await messagingDatabase("outbox", 6);
  database = messaging.database;
});
test.after(() => messaging.drop());

const message = (messageId: string): Message => ({
  messageId,
  sagaId: "saga_1",
  type: "ChargePayment",
  occurredAt: "2026-01-01T00:00:00.000Z",
  data: { reservationId: 1, userId: 2, amountCents: 4_990 },
});

/** A bus whose publish is what a test says. */
const busOf = (publish: Bus["publish"]): Bus => ({
  publish,
  consume: async () => {},
  close: async () => {},
});

async function relayUntilEmpty(relays: readonly OutboxRelay[]): Promise<void> {
  for (const relay of relays) relay.start();
  await eventually(
    () => countUnsent(database),
    (left) => left === 0,
  );
  await Promise.all(relays.map((relay) => relay.stop()));
}

test("a message is on its way only if the transaction that made it true was committed", async () => {
  await database
    .transaction(async (tx) => {
      await putMessages(tx, [message("never")]);
      throw new Error("rolled back");
    })
    .catch(() => {});
  assert.is(await countUnsent(database), 0);
});

test("what is put is delivered whole, and once where nothing fails", async () => {
  const got: Message[] = [];
  const sent = Array.from({ length: 300 }, (_, i) => message(`plain-${i}`));
  await putMessages(database, sent);
  await relayUntilEmpty([
    new OutboxRelay({
      rows: outboxRows(database),
      log,
      bus: busOf(async (one) => void got.push(one)),
    }),
  ]);
  assert.is(got.length, 300);
  assert.equal(
    got.find((one) => one.messageId === "plain-7"),
    sent[7],
  );
});

test("two relays on one outbox never send the same row at the same time", async () => {
  const got: string[] = [];
  const bus = busOf(async (one) => void got.push(one.messageId));
  await putMessages(
    database,
    Array.from({ length: 300 }, (_, i) => message(`twin-${i}`)),
  );
  await relayUntilEmpty(
    [1, 2].map(() => new OutboxRelay({ rows: outboxRows(database), log, bus })),
  );
  assert.is(got.length, 300);
  assert.is(new Set(got).size, 300);
});

test("a refused message is sent again, and does not hold up the others", async () => {
  const order: string[] = [];
  let refusals = 3;
  const bus = busOf(async (one) => {
    if (one.messageId === "stubborn" && refusals-- > 0) throw new Error("not now");
    order.push(one.messageId);
  });
  await putMessages(database, [message("stubborn"), message("easy-1"), message("easy-2")]);
  await relayUntilEmpty([new OutboxRelay({ rows: outboxRows(database), log, bus })]);
  assert.is(order.at(-1), "stubborn");
  assert.is(order.length, 3);
});

test("rows claimed by a process that died are sent by another after the lease", async () => {
  await putMessages(database, [message("orphan")]);
  assert.is((await claimMessages(database, 10, 1)).length, 1);
  assert.is((await claimMessages(database, 10, 1)).length, 0, "leased");
  const got: string[] = [];
  await relayUntilEmpty([
    new OutboxRelay({
      rows: outboxRows(database),
      log,
      bus: busOf(async (one) => void got.push(one.messageId)),
    }),
  ]);
  assert.equal(got, ["orphan"]);
});

test("what a saga's receivers have not taken is told with its attempts", async () => {
  const own = (messageId: string) => ({ ...message(messageId), sagaId: "saga_asked" });
  await putMessages(database, [own("asked-1"), own("asked-2"), message("another-saga")]);
  await claimMessages(database, 10, 1);
  const [first, second, ...more] = await unsentOf(database, "saga_asked");
  assert.equal(more, []);
  assert.equal([first?.type, first?.attempts, second?.attempts], ["ChargePayment", 1, 1]);
  assert.ok(first && first.nextAttemptAt > first.since);
  await markSent(database, ["asked-1", "another-saga"]);
  assert.is((await unsentOf(database, "saga_asked")).length, 1);
  await markSent(database, ["asked-2"]);
});

test("what follows from a hand-over is committed with its mark", async () => {
  const followed: string[] = [];
  await putMessages(database, [message("followed")]);
  await relayUntilEmpty([
    new OutboxRelay({
      rows: outboxRows(database, async (_tx, messages) => {
        followed.push(...messages.map((one) => one.messageId));
      }),
      log,
      bus: busOf(async () => {}),
    }),
  ]);
  assert.equal(followed, ["followed"]);
});

test("of many deliveries of one message at the same moment, one counts", async () => {
  const firsts = await Promise.all(
    Array.from({ length: 20 }, () => database.transaction((tx) => firstTime(tx, "delivered"))),
  );
  assert.is(firsts.filter(Boolean).length, 1);
});

/** A bus with a store, of which a test says what became of its messages. */
function keepingBus(fates: Map<string, Fate>, published: string[]): Bus {
  return {
    async publish({ messageId }) {
      published.push(messageId);
      return { epoch: "one", sequence: published.length };
    },
    consume: async () => {},
    close: async () => {},
    store: {
      reachable: true,
      follow: async (_service, messages) =>
        new Map(messages.map(({ messageId: id }) => [id, fates.get(id) ?? "waiting"])),
      onForgotten: () => {},
    },
  };
}

const openRows = (id: string) =>
  withClient(messaging.url, async (client) => {
    const { rows } = await client.query<{ handled: boolean; sent: boolean }>(
      "select handled_at is not null as handled, sent_at is not null as sent from outbox where message_id = $1",
      [id],
    );
    return rows[0]!;
  });

test("a row ends when its message was handled, not when the bus has taken it", async () => {
  const fates = new Map<string, Fate>();
  const published: string[] = [];
  const rows = outboxRows(database, undefined, 0.1);
  await putMessages(database, [message("kept")]);
  await relayUntilEmpty([new OutboxRelay({ rows, log, bus: keepingBus(fates, published) })]);
  assert.equal(await openRows("kept"), { sent: true, handled: false });
  await forgetOld(database, { outbox: 0, inbox: 0 });
  assert.equal(await openRows("kept"), { sent: true, handled: false }, "never forgotten before");
  fates.set("kept", "handled");
  const relay = new OutboxRelay({ rows, log, bus: keepingBus(fates, published) });
  relay.start();
  await eventually(
    () => openRows("kept"),
    ({ handled }) => handled,
  );
  await relay.stop();
  assert.equal(published, ["kept"]);
});

test("what the bus has lost is sent again, until it is handled; a dead letter is not", async () => {
  const fates = new Map<string, Fate>([
    ["lost", "lost"],
    ["parked", "parked"],
  ]);
  const published: string[] = [];
  const rows = outboxRows(database, undefined, 0.1);
  await putMessages(database, [message("lost"), message("parked")]);
  const relay = new OutboxRelay({ rows, log, bus: keepingBus(fates, published) });
  relay.start();
  await eventually(
    async () => published.filter((id) => id === "lost").length,
    (times) => times >= 2,
  );
  fates.set("lost", "handled");
  await eventually(
    () => openRows("lost"),
    ({ handled }) => handled,
  );
  await relay.stop();
  assert.is(published.filter((id) => id === "parked").length, 1);
  assert.ok(relay.resent >= 1);
});

test("what one bus had kept is sent by the next one, if that keeps nothing", async () => {
  const published: string[] = [];
  const rows = outboxRows(database, undefined, 0.1);
  await putMessages(database, [message("moves")]);
  await relayUntilEmpty([new OutboxRelay({ rows, log, bus: keepingBus(new Map(), published) })]);
  const direct = new OutboxRelay({
    rows,
    log,
    bus: busOf(async ({ messageId }) => void published.push(messageId)),
  });
  direct.start();
  await eventually(
    () => openRows("moves"),
    ({ handled }) => handled,
  );
  await direct.stop();
  assert.equal(published.filter((id) => id === "moves").length, 2);
});

test.run();
