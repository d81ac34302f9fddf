/** What JetStream deliveries promise beyond the port: back-off, dead letters, sharing, no hoarding. */
import { connect, headers } from "nats";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../limits.ts";
import { eventually, testNatsUrl } from "../../testing/service-harness.ts";
import type { DeadLetter, Ledger } from "../bus.ts";
import { message } from "../bus-conformance.ts";
import { freshNamespace, openTestBus } from "../testing/jetstream-stage.ts";
import { DURABLE, type JetStreamSettings } from "./topology.ts";

/** A ledger in memory. */
function ledgerOf(letters: DeadLetter[], handled: string[] = []): Ledger {
  return {
    recall: async (ids) => ({
      handled: ids.filter((id) => handled.includes(id)),
      parked: ids.filter((id) => letters.some((letter) => letter.id === id)),
    }),
    park: async (letter) => void letters.push(letter),
  };
}

async function withBus(
  settings: Partial<JetStreamSettings>,
  work: (
    bus: Awaited<ReturnType<typeof openTestBus>>,
    namespace: string,
    open: () => ReturnType<typeof openTestBus>,
  ) => Promise<void>,
): Promise<void> {
  const namespace = freshNamespace();
  const buses: Awaited<ReturnType<typeof openTestBus>>[] = [];
  const open = async () => {
    const bus = await openTestBus(namespace, settings);
    buses.push(bus);
    return bus;
  };
  try {
    await work(await open(), namespace, open);
  } finally {
    for (const bus of buses) await bus.close();
  }
}

const placeOf = async (bus: Awaited<ReturnType<typeof openTestBus>>, id: string) => ({
  messageId: id,
  place: await bus.publish(message(id)),
});

test("a failing message comes again after growing pauses, and the others do not wait for it", () =>
  withBus({}, async (bus) => {
    const tries: number[] = [];
    const others = new Set<string>();
    await bus.consume("payment", async ({ messageId }) => {
      if (messageId !== "stubborn") return void others.add(messageId);
      tries.push(performance.now());
      if (tries.length < 4) throw new Error("not now");
    });
    await bus.publish(message("stubborn"));
    for (let i = 0; i < 50; i++) await bus.publish(message(`easy-${i}`));
    await eventually(
      async () => others.size,
      (size) => size === 50,
    );
    assert.ok(tries.length < 4, "the others came first");
    await eventually(
      async () => tries.length,
      (count) => count === 4,
    );
    const pauses = tries.slice(1).map((at, i) => at - tries[i]!);
    [95, 190, 390].forEach((least, i) => {
      assert.ok(pauses[i]! >= least, `pauses ${pauses}`);
    });
    assert.is(bus.figures.redeliveries, 3);
    await eventually(
      () => bus.figures.waiting("payment"),
      (waiting) => waiting === 0,
    );
  }));

test("what failed too often is parked before JetStream forgets it", () =>
  withBus({ maxDeliveries: 3 }, async (bus) => {
    const letters: DeadLetter[] = [];
    let refuseOnce = true;
    const ledger: Ledger = {
      ...ledgerOf(letters),
      async park(letter) {
        // The database is away: the message must come again.
        if (refuseOnce) {
          refuseOnce = false;
          throw new Error("no database");
        }
        letters.push(letter);
      },
    };
    const fail = async () => {
      throw new Error("never");
    };
    await bus.consume("payment", fail, { ledger });
    const followed = await placeOf(bus, "doomed");
    await eventually(
      async () => letters.length,
      (count) => count === 1,
    );
    const [letter] = letters;
    assert.is(letter?.id, "doomed");
    assert.is(letter?.deliveries, 4);
    assert.is(letter?.error, "never");
    assert.equal(JSON.parse(letter!.payload), message("doomed"));
    await eventually(
      () => bus.figures.waiting("payment"),
      (waiting) => waiting === 0,
    );
    assert.is((await bus.store.follow("payment", [followed])).get("doomed"), "parked");
  }));

test("what is no message is parked at once, as it came, and holds up nobody", () =>
  withBus({}, async (bus, namespace) => {
    const letters: DeadLetter[] = [];
    const handled: string[] = [];
    const stranger = await connect({ servers: testNatsUrl() });
    try {
      const subject = `${namespace}.saga.payment.charge`;
      const named = headers();
      named.set("Nats-Msg-Id", "half");
      stranger.publish(subject, "not even JSON");
      stranger.publish(subject, '{"messageId":"half"}', { headers: named });
      await stranger.flush();
      await bus.publish(message("good"));
      const handle = async (one: { messageId: string }) => void handled.push(one.messageId);
      await bus.consume("payment", handle, { ledger: ledgerOf(letters) });
      await eventually(
        async () => letters.length + handled.length,
        (count) => count === 3,
      );
      assert.equal(handled, ["good"]);
      const payloads = letters.map(({ payload }) => payload).sort();
      assert.equal(payloads, ["not even JSON", '{"messageId":"half"}']);
      assert.ok(letters.some(({ id }) => id === "half"));
      assert.ok(letters.some(({ id, subject: on }) => id.startsWith("unnamed-") && on === subject));
    } finally {
      await stranger.close();
    }
  }));

test("without a ledger nothing is ever given up", () =>
  withBus({ maxDeliveries: 2 }, async (bus) => {
    let tries = 0;
    await bus.consume("payment", async () => {
      tries += 1;
      if (tries < 5) throw new Error("not now");
    });
    await bus.publish(message("patient"));
    await eventually(
      async () => tries,
      (count) => count === 5,
    );
  }));

test("a delivery whose acknowledgement is lost comes again", () =>
  withBus({ ackWaitMs: 400 }, async (bus, namespace) => {
    await bus.publish(message("unacknowledged"));
    const other = await connect({ servers: testNatsUrl() });
    try {
      const consumer = await other.jetstream().consumers.get(`${namespace}-payment`, DURABLE);
      const taken = await consumer.next();
      assert.is(taken?.json<{ messageId: string }>().messageId, "unacknowledged");
      const got: string[] = [];
      await bus.consume("payment", async ({ messageId }) => void got.push(messageId));
      await eventually(
        async () => got,
        (ids) => ids.length === 1,
      );
      assert.is(bus.figures.redeliveries, 1);
    } finally {
      await other.close();
    }
  }));

test("the same message twice within the window is kept once", () =>
  withBus({}, async (bus) => {
    const first = await placeOf(bus, "twin");
    const second = await placeOf(bus, "twin");
    assert.equal(second, first);
    assert.is(await bus.figures.waiting("payment"), 1);
  }));

test("two processes share the load, and a slow one does not hoard", () =>
  withBus({}, async (quick, _namespace, open) => {
    const slow = await open();
    const got = { quick: 0, slow: 0 };
    const held: (() => void)[] = [];
    await slow.consume("payment", () => {
      got.slow += 1;
      return new Promise<void>((resolve) => held.push(resolve));
    });
    await quick.consume("payment", async () => {
      got.quick += 1;
    });
    const count = 2_000;
    await Promise.all(Array.from({ length: count }, (_, i) => quick.publish(message(`load-${i}`))));
    // All but what the slow one has room for is handled, although it handles nothing.
    await eventually(
      () => quick.figures.waiting("payment"),
      (waiting) => waiting <= LIMITS.busRoom,
    );
    assert.ok(got.slow > 0, "the slow one has its share");
    assert.ok(got.quick >= count - LIMITS.busRoom, `quick ${got.quick}`);
    const free = setInterval(() => {
      for (const end of held.splice(0)) end();
    }, 5);
    await eventually(
      () => quick.figures.waiting("payment"),
      (waiting) => waiting === 0,
    );
    clearInterval(free);
    for (const end of held.splice(0)) end();
    assert.is(got.quick + got.slow, count);
  }));

test("many together where the service can, one by one when that fails", () =>
  withBus({}, async (bus) => {
    const sizes: number[] = [];
    const alone: string[] = [];
    await Promise.all(Array.from({ length: 300 }, (_, i) => bus.publish(message(`many-${i}`))));
    await bus.consume("payment", async ({ messageId }) => void alone.push(messageId), {
      handleMany: async (messages) => {
        if (messages.some(({ messageId }) => messageId === "many-7")) throw new Error("not this");
        sizes.push(messages.length);
      },
    });
    await eventually(
      () => bus.figures.waiting("payment"),
      (waiting) => waiting === 0,
    );
    assert.is(sizes.reduce((sum, size) => sum + size, 0) + alone.length, 300);
    assert.ok(alone.includes("many-7"));
    assert.ok(Math.max(...sizes) > 1 && Math.max(...sizes) <= LIMITS.busBatch, `${sizes}`);
  }));

test("what became of a message: waiting, handled, or lost with what was purged", () =>
  withBus({}, async (bus, namespace) => {
    const handled: string[] = [];
    const purged = await placeOf(bus, "purged");
    const fate = async (one: typeof purged) =>
      (await bus.store.follow("payment", [one])).get(one.messageId);
    assert.is(await fate(purged), "waiting");
    const operator = await connect({ servers: testNatsUrl() });
    await (await operator.jetstreamManager()).streams.purge(`${namespace}-payment`);
    await operator.close();
    assert.is(await fate(purged), "waiting", "nobody can say that it was not handled");
    await bus.consume("payment", async ({ messageId }) => void handled.push(messageId), {
      ledger: ledgerOf([], handled),
    });
    assert.is(await fate(purged), "lost");
    const arrives = await placeOf(bus, "arrives");
    await eventually(
      () => fate(arrives),
      (is) => is === "handled",
    );
    assert.is(await fate({ messageId: "x", place: { epoch: "before", sequence: 1 } }), "lost");
    const beyond = { ...arrives.place, sequence: arrives.place.sequence + 1 };
    assert.is(await fate({ messageId: "y", place: beyond }), "lost", "the store went backwards");
  }));

test.run();
