/** The saga under faulty delivery, restarts and company: each decision once, no booking lost. */

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { pino } from "pino";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bus } from "../common/bus/bus.ts";
import { freshNamespace, openTestBus } from "../common/bus/testing/jetstream-stage.ts";
import type { Saga, SagaLedger } from "../common/contracts/saga.ts";
import { withClient } from "../common/database.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { FaultyBus } from "../common/testing/faulty-bus.ts";
import { eventually, startHarness, testDatabaseServer } from "../common/testing/service-harness.ts";
import { sagaService } from "./saga.service.ts";
import { OVERDUE_ATTEMPTS } from "./step.ts";
import {
  countMessages,
  endOf,
  isQuiet,
  type SagaStack,
  startSagaStack,
} from "./testing/saga-stack.ts";
import type { PaymentScript, SimulatedWorld } from "./testing/simulated-world.ts";
import { StandIns } from "./testing/stand-ins.ts";

const SCRIPTS: readonly PaymentScript[] = [
  "captures",
  "declines",
  "captures",
  "silent",
  "mute",
  "late",
  "fickle",
];

const RETRY_SECONDS = 0.4;

/** What makes the bus of each harness of one test: all of them meet on it. */
const BUSES: Readonly<Record<string, () => (direct: Bus) => Bus | Promise<Bus>>> = {
  "the direct bus": () => (direct) => direct,
  JetStream() {
    const namespace = freshNamespace();
    return () => openTestBus(namespace, { ackWaitMs: 2_000 });
  },
};

/** The same numbers every time (mulberry32), from 0 up to 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function bookMany(standIns: StandIns, count: number): readonly SimulatedWorld[] {
  return Array.from({ length: count }, (_, i) => standIns.book(SCRIPTS[i % SCRIPTS.length]!));
}

/** Waits until every saga has ended and nothing is on its way, and says what the books say. */
async function settled(stack: SagaStack, count: number): Promise<SagaLedger["sagas"]> {
  const { harness, admin } = stack;
  return eventually(
    async () => {
      if (!(await isQuiet(stack))) return [];
      const path = "/api/admin/ledger";
      const answer = await harness.http<SagaLedger>("saga", path, { token: admin });
      return answer.body.sagas;
    },
    (sagas) =>
      sagas.length === count &&
      sagas.every(({ state }) => state === "COMPLETED" || state === "COMPENSATED"),
    30_000,
  );
}

/** Holds the world against the books: paid ⇔ COMPLETED, undone ⇔ COMPENSATED. */
function judge(sagas: SagaLedger["sagas"], worlds: ReadonlyMap<string, SimulatedWorld>): void {
  for (const { sagaId, state } of sagas) {
    const end = endOf(worlds.get(sagaId)!);
    assert.is(`${sagaId}: ${end}`, `${sagaId}: ${state === "COMPLETED" ? "paid" : "undone"}`);
  }
}

for (const [name, openBus] of Object.entries(BUSES)) {
  test(`lost acknowledgements, duplicates and disorder over ${name} leave every booking sound`, async () => {
    const random = seeded(11);
    const open = openBus();
    const stack = await startSagaStack({
      settings: { PAYMENT_DEADLINE_SECONDS: "1" },
      bus: async (direct) =>
        new FaultyBus(await open(direct), { lostAcks: 0.2, duplicates: 0.3, delayMs: 40, random }),
    });
    try {
      const { standIns } = stack;
      const worlds = bookMany(standIns, 70);
      worlds.forEach((world, i) => {
        // Some buyers change their minds, at any moment.
        if (i % 5 === 0) setTimeout(() => standIns.say(world.cancelled()), random() * 300);
      });
      await settled(stack, worlds.length);
      for (const world of worlds) standIns.say(world.lateAnswer());
      const sagas = await settled(stack, worlds.length);
      judge(sagas, standIns.worlds);
      const ends = new Set(sagas.map(({ state }) => state));
      assert.is(ends.size, 2, "some bookings were to be paid and some to be undone");
    } finally {
      await stack.stop();
    }
  });

  test(`a restart over ${name} continues every saga, deadlines included`, async () => {
    const standIns = new StandIns();
    const settings = { PAYMENT_DEADLINE_SECONDS: "1" };
    const bus = openBus();
    const before = await startSagaStack({ standIns, settings, bus });
    standIns.hold("ReservationConfirmed", "ReservationCancelled");
    const worlds = bookMany(standIns, 35);
    await before.until(worlds[0]!, "CONFIRMING");
    await before.until(worlds[1]!, "CANCELLING");
    await before.until(worlds[3]!, "CHARGING");
    await before.stop({ keepDatabase: true });
    standIns.release();
    const after = await startSagaStack({
      standIns,
      settings,
      bus,
      database: before.harness.database,
    });
    try {
      await settled(after, worlds.length);
      for (const world of worlds) standIns.say(world.lateAnswer());
      judge(await settled(after, worlds.length), standIns.worlds);
      const silent = await after.saga(worlds[3]!);
      assert.is(silent.because, "payment timed out");
    } finally {
      await after.stop();
    }
  });

  test(`three coordinators over ${name}, duplicates, disorder and deadlines decide everything once`, async () => {
    const standIns = new StandIns();
    const settings = { PAYMENT_DEADLINE_SECONDS: "1", SAGA_RETRY_SECONDS: String(RETRY_SECONDS) };
    const random = seeded(23);
    const open = openBus();
    const bus = async (direct: Bus) =>
      new FaultyBus(await open(direct), { lostAcks: 0.2, duplicates: 0.4, delayMs: 40, random });
    const stacks = [await startSagaStack({ standIns, settings, bus })];
    const { database, databaseUrl } = stacks[0]!.harness;
    while (stacks.length < 3) {
      stacks.push(await startSagaStack({ standIns, settings, bus, database }));
    }
    try {
      standIns.hold("PaymentRefunded", "ReservationConfirmed");
      const worlds = bookMany(standIns, 70);
      worlds.forEach((world, i) => {
        if (i % 4 === 0) setTimeout(() => standIns.say(world.cancelled()), random() * 1_500);
      });
      // Held up, so that every coordinator sees deadlines of the same sagas pass, again and again.
      await eventually(
        () => stacks[0]!.metric("sagas_overdue"),
        (overdue) => overdue > 5,
      );
      standIns.release();
      await settled(stacks[0]!, worlds.length);
      for (const world of worlds) standIns.say(world.lateAnswer());
      judge(await settled(stacks[1]!, worlds.length), standIns.worlds);
      let [sent, heard] = [0, 0];
      for (const world of worlds) {
        const { timeline } = await stacks[2]!.saga(world);
        assertOneAfterTheOther(timeline);
        sent += timeline.reduce((sum, entry) => sum + entry.sent.length, 0);
        heard += timeline.filter(({ event }) => event !== "deadlinePassed").length;
      }
      const counted = await countMessages(databaseUrl("saga"));
      assert.equal(counted, { sent, heard }, "a message was decided on twice, or sent for nothing");
      const counts = (name: string) => Promise.all(stacks.map(({ metric }) => metric(name)));
      const started = await counts("sagas_started_total");
      assert.is(started[0]! + started[1]! + started[2]!, worlds.length);
      // Bookings come in batches, and two processes may have taken them all; but not what followed.
      const paid = await counts("sagas_completed_total");
      const undone = await counts("sagas_compensated_total");
      const work = started.map((count, at) => count + paid[at]! + undone[at]!);
      assert.ok(Math.min(...work) > 0, `one coordinator had nothing to do: ${work}`);
    } finally {
      for (const stack of stacks.slice(1)) await stack.stop({ keepDatabase: true });
      await stacks[0]!.stop();
    }
  });
}

/** Each decision starts where the last one ended, and no deadline is decided twice. */
function assertOneAfterTheOther(timeline: Saga["timeline"]): void {
  let asked = 0;
  let waitingSince = 0;
  timeline.forEach(({ from, to, event, at }, i) => {
    assert.is(from, timeline[i - 1]?.to ?? null, `two decisions from one state: ${from}`);
    if (event === "deadlinePassed" && from === to) {
      asked += 1;
      const waitedMs = Date.parse(at) - waitingSince;
      // A deadline counts from its transaction's start, the timeline from the decision: on a busy
      // machine some tenths of a second. One deadline decided twice is more than half of the wait.
      const dueMs = RETRY_SECONDS * 1_000 * (2 ** asked - 1);
      const enough = asked < 2 || waitedMs > dueMs / 2;
      assert.ok(enough, `asked for the ${asked}th time after ${waitedMs} of ${dueMs} ms`);
    }
    if (from === to) return;
    asked = 0;
    waitingSince = Date.parse(at);
  });
}

test("a saga that becomes overdue is one line of alarm, and so is its recovery", async () => {
  const lines: { level: number; msg: string; sagaId?: string }[] = [];
  const log = pino({ level: "error" }, { write: (line) => void lines.push(JSON.parse(line)) });
  const standIns = new StandIns();
  const settings = { SAGA_RETRY_SECONDS: "0.1" };
  const one = await startSagaStack({ standIns, settings, log });
  const two = await startSagaStack({ standIns, settings, log, database: one.harness.database });
  try {
    standIns.hold("ReservationCancelled");
    const worlds = [standIns.book("declines"), standIns.book("declines")];
    const alarms = () => lines.map(({ sagaId, msg }) => `${sagaId} ${/no longer/.test(msg)}`);
    for (const world of worlds) {
      await eventually(
        () => one.saga(world),
        ({ attempts }) => attempts > OVERDUE_ATTEMPTS,
      );
    }
    assert.equal(alarms().sort(), ["saga_1 false", "saga_2 false"]);
    standIns.release();
    for (const world of worlds) await two.until(world, "COMPENSATED");
    await eventually(
      async () => alarms(),
      (all) => all.length === 4,
    );
    assert.equal(alarms().slice(2).sort(), ["saga_1 true", "saga_2 true"]);
    assert.is(await one.metric("sagas_overdue"), 0);
  } finally {
    await two.stop({ keepDatabase: true });
    await one.stop();
  }
});

test("a start that fails leaves nothing running, and says which setting to change", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  let given: ServiceContext | undefined;
  const harness = await startHarness({
    services(context) {
      given = context;
      return [];
    },
  });
  try {
    const { config } = given!;
    const ports = { ...config.ports, saga: port };
    const schema = sagaService({ ...given!, config: { ...config, ports } });
    const started = schema.started as () => Promise<void>;
    const failure = await started().then(
      () => "it started",
      (error: Error) => error.message,
    );
    assert.match(failure, /SAGA_PORT/);
    const database = new URL(harness.databaseUrl("saga")).pathname.slice(1);
    await eventually(
      () => connectionsTo(database),
      (count) => count === 0,
      2_000,
    );
    const stopped = schema.stopped as () => Promise<void>;
    await stopped();
  } finally {
    await harness.stop();
    taken.close();
  }
});

function connectionsTo(database: string): Promise<number> {
  return withClient(testDatabaseServer(), async (client) => {
    const { rows } = await client.query<{ count: number }>(
      "select count(*)::int as count from pg_stat_activity where datname = $1",
      [database],
    );
    return rows[0]!.count;
  });
}

test.run();
