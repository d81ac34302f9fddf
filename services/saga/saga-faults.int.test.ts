/** The saga under faulty delivery, restarts and company: each decision once, no booking lost. */

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SagaLedger } from "../common/contracts/saga.ts";
import { withClient } from "../common/database.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { FaultyBus } from "../common/testing/faulty-bus.ts";
import { eventually, startHarness, testDatabaseServer } from "../common/testing/service-harness.ts";
import { sagaService } from "./saga.service.ts";
import { endOf, type SagaStack, startSagaStack } from "./testing/saga-stack.ts";
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
async function settled(
  { harness, standIns, admin, metric }: SagaStack,
  count: number,
): Promise<SagaLedger["sagas"]> {
  return eventually(
    async () => {
      const path = "/api/admin/ledger";
      const answer = await harness.http<SagaLedger>("saga", path, { token: admin });
      const quiet = standIns.unsent === 0 && (await metric("outbox_unsent")) === 0;
      return quiet ? answer.body.sagas : [];
    },
    (sagas) =>
      sagas.length === count &&
      sagas.every(({ state }) => state === "COMPLETED" || state === "COMPENSATED"),
    15_000,
  );
}

/** Holds the world against the books: paid ⇔ COMPLETED, undone ⇔ COMPENSATED. */
function judge(sagas: SagaLedger["sagas"], worlds: ReadonlyMap<string, SimulatedWorld>): void {
  for (const { sagaId, state } of sagas) {
    const end = endOf(worlds.get(sagaId)!);
    assert.is(`${sagaId}: ${end}`, `${sagaId}: ${state === "COMPLETED" ? "paid" : "undone"}`);
  }
}

test("lost acknowledgements, duplicates and disorder leave every booking sound", async () => {
  const random = seeded(11);
  const stack = await startSagaStack({
    settings: { PAYMENT_DEADLINE_SECONDS: "1" },
    bus: (bus) => new FaultyBus(bus, { lostAcks: 0.2, duplicates: 0.3, delayMs: 40, random }),
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

test("a restart continues every saga, deadlines included", async () => {
  const standIns = new StandIns();
  const settings = { PAYMENT_DEADLINE_SECONDS: "1" };
  const before = await startSagaStack({ standIns, settings });
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

test("two coordinators on the same messages and deadlines decide everything once", async () => {
  const standIns = new StandIns();
  const settings = { PAYMENT_DEADLINE_SECONDS: "1", SAGA_RETRY_SECONDS: "5" };
  const one = await startSagaStack({ standIns, settings });
  const { database } = one.harness;
  const two = await startSagaStack({ standIns, settings, database });
  try {
    const worlds = bookMany(standIns, 42);
    for (const world of worlds.slice(0, 14)) standIns.say(world.cancelled());
    const sagas = await settled(one, worlds.length);
    judge(sagas, standIns.worlds);
    for (const world of worlds) {
      const { timeline } = await two.saga(world);
      const steps = timeline.filter(({ from, to }) => from !== to);
      const kinds = new Set(timeline.map(({ event, from }) => `${event} in ${from}`));
      assert.is(kinds.size, timeline.length, `decided twice: ${JSON.stringify(timeline)}`);
      steps.slice(1).forEach((step, i) => {
        assert.is(step.from, steps[i]!.to, "two decisions from one state");
      });
    }
    const counts = await Promise.all([one, two].map(({ metric }) => metric("sagas_started_total")));
    assert.is(counts[0]! + counts[1]!, worlds.length);
    assert.ok(Math.min(...counts) > 0, `one coordinator did everything: ${counts}`);
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
