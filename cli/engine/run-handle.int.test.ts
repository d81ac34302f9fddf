/** A run that is watched, paused, cut short, or cannot be run at all. */
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runSale } from "./engine.ts";
import { FakeShop } from "./testing/fake-shop.ts";
import { planOf } from "./testing/plans.ts";
import { begin, never, prepare, type RunWorld, read, sumOf } from "./testing/run-world.ts";

const test = suite<RunWorld>("run handle");
prepare(test);

test("an aborted run ends within a second, its open requests unknown", async (world) => {
  const abort = new AbortController();
  const run = await begin(world, {}, { clients: 200 }, abort.signal);
  const hung = Promise.withResolvers<void>();
  world.shop.trouble = (_method, path) => {
    if (!path.startsWith("/api/reservations")) return undefined;
    hung.resolve();
    return "hang";
  };
  await hung.promise;
  const beforeMs = performance.now();
  abort.abort();
  const result = await run.done;
  assert.ok(performance.now() - beforeMs < 1_000);
  assert.is(result.reason, "interrupted");
  const { ops, end } = await read(world.path, 200);
  assert.is(end.reason, "interrupted");
  const cut = ops.filter((op) => op.code === "RUN_ENDED");
  assert.ok(cut.some((op) => op.op === "reserve"));
  assert.ok(cut.every((op) => op.outcome === "unknown" && op.endedMs === end.atMs));
  const { clients } = result.snapshot;
  sumOf(clients);
  assert.is(clients.notArrived + clients.waiting + clients.buying, 0);
  assert.ok(clients.gaveUp > 0);
});

test("aborted before it began, a run leaves a whole history of nothing", async (world) => {
  const run = await begin(world, {}, { clients: 10 }, AbortSignal.abort());
  const result = await run.done;
  const { ops } = await read(world.path, 10);
  assert.is(result.reason, "interrupted");
  assert.is(ops.length, 0);
  assert.is(result.snapshot.clients.gaveUp, 10);
});

test("the time limit ends any sale; who never got through is dropped", async (world) => {
  const tuning = { connections: 2 };
  const run = await begin(world, {}, { clients: 20, timeLimitSeconds: 0.5, tuning });
  world.shop.trouble = () => "hang";
  const result = await run.done;
  assert.is(result.reason, "time-limit");
  assert.is(result.tester.droppedArrivals, 18);
  assert.is(result.snapshot.clients.gaveUp, 20);
  const { ops } = await read(world.path, 20);
  assert.is(ops.length, 2);
});

test("a snapshot tells the run as it goes, and its clients always sum up", async (world) => {
  // Many are still in line when the last seat goes: they wait to be told.
  const run = await begin(world, { passesPerSecond: 60 }, { clients: 300 });
  const phases = new Set<string>();
  let most = 0;
  const watching = setInterval(() => {
    const snapshot = run.snapshot();
    sumOf(snapshot.clients);
    phases.add(snapshot.phase);
    most = Math.max(most, snapshot.clients.waiting);
    assert.ok(snapshot.progress >= 0 && snapshot.progress <= 1);
    assert.equal(JSON.parse(JSON.stringify(snapshot)), snapshot);
  }, 50);
  const { snapshot } = await run.done;
  clearInterval(watching);
  // Before the first client and after the last one there may be a look as well, or none.
  for (const fleeting of ["starting", "settling"]) phases.delete(fleeting);
  assert.equal([...phases], ["selling"]);
  assert.ok(most > 50, `${most} waited at most`);
  // Who is still in line when the last seat goes may be admitted before it is told.
  assert.ok(snapshot.admissions.total >= 100 && snapshot.admissions.total <= 300);
  assert.ok(snapshot.latency.some(({ op, count, p99 }) => op === "poll" && count > 0 && p99 > 0));
  assert.ok(snapshot.lineHistory.length >= 1);
  assert.match(snapshot.news ?? "", /^sold out at/);
  assert.ok(snapshot.tester.rssMb > 10);
});

test("a history that cannot be written ends the run with an error", async (world) => {
  world.path = join(world.folder, "no", "such", "history.ndjson");
  const run = await begin(world, {}, { clients: 10 });
  try {
    await run.done;
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /the history cannot be written/);
  }
});

test("a plan that nobody could follow is refused at once", async (world) => {
  world.shop = new FakeShop();
  await world.shop.open();
  const plan = { ...planOf({ clients: 5 }), accounts: [] };
  assert.throws(() => runSale(plan, { historyPath: world.path }, never), /fewer accounts/);
});

test("paused arrivals come later by as long, and nobody is late or dropped for it", async (world) => {
  const changes = { clients: 40, arrivals: "ramp", arrivalSeconds: 1 } as const;
  const run = await begin(world, {}, changes);
  await until(() => run.snapshot().clients.notArrived < 30);
  run.controls.pauseArrivals(true);
  const before = run.snapshot();
  assert.is(before.arrivalsPaused, true);
  await until(() => run.snapshot().elapsedMs > before.elapsedMs + 700);
  // One whose time had come just before may still be let in.
  assert.ok(before.clients.notArrived - run.snapshot().clients.notArrived <= 1);
  run.controls.pauseArrivals(false);
  const { tester, reason } = await run.done;
  assert.is(reason, "everyone-done");
  assert.is(tester.droppedArrivals, 0);
  assert.ok(tester.sendLagMs.max < 600, `${tester.sendLagMs.max} ms late`);
  const { lines, ops } = await read(world.path, 40);
  const notes = lines.flatMap((line) => (line.kind === "note" ? line.text : []));
  assert.is(notes[0], "arrivals paused");
  assert.match(notes[1] ?? "", /^arrivals go on, 0\.\d s later than planned$/);
  const lastJoin = Math.max(...ops.filter((op) => op.op === "join").map((op) => op.intendedMs));
  assert.ok(lastJoin > 1_600, `the last join was due at ${lastJoin} ms`);
});

/** Turns of the event loop until it is so; the run's own clock goes on meanwhile. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

test.run();
