/** A crew that meets on a real NATS server: what a person changes reaches everybody, once. */
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { connect, type NatsConnection } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testNatsUrl } from "../../../../services/common/testing/service-harness.ts";
import { parseHistory } from "../../../judge/parse.ts";
import { FakeShop } from "../../testing/fake-shop.ts";
import { planOf } from "../../testing/plans.ts";
import { orderSubject, wireOf } from "./far-messages.ts";
import { FarWorker } from "./far-worker.ts";
import { type HiredCrew, hireCrew } from "./hire-crew.ts";

interface World {
  folder: string;
  shop: FakeShop;
  nats: NatsConnection;
  group: string;
  workers: readonly FarWorker[];
  crew: HiredCrew;
}

const never = new AbortController().signal;
const QUICK = { thinkMinMs: 5, thinkMaxMs: 50, stockEveryMs: 100, connections: 16 };
const test = suite<World>("a crew elsewhere");
test.before.each(async (world) => {
  world.folder = await mkdtemp(join(tmpdir(), "reservex-far-"));
  world.shop = new FakeShop({ passesPerSecond: 100 });
  world.nats = await connect({ servers: testNatsUrl() });
  world.group = `test-${randomUUID().slice(0, 8)}`;
  world.workers = ["left", "right"].map((name) => {
    return new FarWorker(world.nats, { group: world.group, name, say: () => undefined });
  });
  const wish = { url: testNatsUrl(), group: world.group, count: 2, waitSeconds: 20, signal: never };
  world.crew = (await hireCrew(wish))!;
});
test.after.each(async (world) => {
  await world.crew.close();
  for (const worker of world.workers) await worker.close();
  await world.nats.close();
  await world.shop.close();
  await rm(world.folder, { recursive: true });
});

test("arrivals paused and gone on, whatever is heard twice", async (world) => {
  const { nats, group, crew, folder } = world;
  const url = await world.shop.open();
  const plan = planOf({ clients: 80, arrivals: "ramp", arrivalSeconds: 4, url, tuning: QUICK });
  const historyPath = join(folder, "history.ndjson");
  const changes: { subject: string; data: Uint8Array }[] = [];
  const anyWire = wireOf(group, "*", 0).replace(/0$/, "*");
  nats.subscribe(orderSubject(anyWire, "change"), {
    callback: (_error, { subject, data }) => void changes.push({ subject, data }),
  });
  const run = crew.run(plan, { historyPath }, never);
  await until(() => run.snapshot().clients.notArrived < 75);
  run.controls.limitChanged(4_321);
  run.controls.pauseArrivals(true);
  // A change takes effect after a second, when the farthest has surely heard of it.
  await wait(2_000);
  const paused = run.snapshot().clients.notArrived;
  assert.ok(paused > 10, `${paused} have not arrived`);
  await wait(700);
  assert.is(run.snapshot().clients.notArrived, paused, "nobody comes");
  run.controls.pauseArrivals(false);
  await until(() => changes.length >= 6);
  // The question was heard, its answer lost: it is asked again, after a later one.
  for (const { subject, data } of changes.splice(0, 4)) await nats.request(subject, data);
  const { reason, tester } = await run.done;
  assert.is(reason, "everyone-done");
  assert.is(tester.droppedArrivals, 0);

  const parsed = parseHistory(await readFile(historyPath, "utf8"));
  if (!parsed.ok) throw new Error(parsed.problem.wrong);
  const { notes, ops, run: header } = parsed.history;
  const told = notes.filter(({ text }) => /^arrivals|limit/.test(text));
  const [limit, shut, open] = told;
  assert.is(told.length, 3, "each once, however many processes carry it out");
  assert.equal([limit!.permitsPerMinute, shut!.text], [4_321, "arrivals paused"]);
  const shutMs = open!.atMs - shut!.atMs;
  const first = new Map<number, number>();
  for (const { client, op, intendedMs } of ops) {
    if (op === "join" && !first.has(client)) first.set(client, intendedMs);
  }
  assert.is(first.size, 80);
  const vague = 2 * Math.max(...header.clocks!.map(({ errorMs }) => errorMs)) + 0.01;
  const zero = first.get(0)!;
  for (const [client, ms] of first) {
    const plannedMs = zero + (client * 4_000) / 80;
    // Whoever was due as the doors were shut may have been in or out.
    if (Math.abs(plannedMs - shut!.atMs) <= vague) continue;
    const dueMs = plannedMs < shut!.atMs ? plannedMs : plannedMs + shutMs;
    assert.ok(Math.abs(ms - dueMs) <= vague, `client ${client} at ${ms}, due at ${dueMs}`);
  }
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(10);
}

test.run();
