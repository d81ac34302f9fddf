/** Whole runs against a small shop in memory: everyone ends, everything is recorded. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { HistoryLine, Op, RunEnd, StockSample } from "../judge/history.ts";
import { unusualOf } from "../report/unusual.ts";
import { type RunHandle, runSale } from "./engine.ts";
import type { ClientCounts } from "./snapshot.ts";
import { FakeShop, type ShopOptions } from "./testing/fake-shop.ts";
import { type PlanChanges, planOf } from "./testing/plans.ts";

interface World {
  folder: string;
  path: string;
  shop: FakeShop;
}

const QUICK = { thinkMinMs: 5, thinkMaxMs: 50, stockEveryMs: 100, connections: 16 };
const never = new AbortController().signal;

const test = suite<World>("engine");
test.before.each(async (world) => {
  world.folder = await mkdtemp(join(tmpdir(), "reservex-engine-"));
  world.path = join(world.folder, "history.ndjson");
});
test.after.each(async (world) => {
  await world.shop.close();
  await rm(world.folder, { recursive: true });
});

async function begin(
  world: World,
  shop: Partial<ShopOptions>,
  changes: PlanChanges,
  signal: AbortSignal = never,
): Promise<RunHandle> {
  world.shop = new FakeShop(shop);
  const url = await world.shop.open();
  const tuning = { ...QUICK, ...changes.tuning };
  return runSale(planOf({ ...changes, url, tuning }), { historyPath: world.path }, signal);
}

interface Read {
  readonly lines: readonly HistoryLine[];
  readonly ops: readonly Op[];
  readonly stock: readonly StockSample[];
  readonly end: RunEnd;
}

/** Reads the history and checks what holds for every one of them. */
async function read(path: string, clients: number): Promise<Read> {
  const text = await readFile(path, "utf8");
  assert.ok(text.endsWith("\n"));
  const lines: HistoryLine[] = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.is(lines[0]?.kind, "run");
  const end = lines.at(-1);
  if (end?.kind !== "end") throw new Error("the history has no end");
  const ops = lines.filter((line) => line.kind === "op");
  const stock = lines.filter((line) => line.kind === "stock");
  let lastEnded = 0;
  for (const op of ops) {
    assert.ok(op.intendedMs <= op.invokedMs && op.invokedMs <= op.endedMs, JSON.stringify(op));
    assert.ok(op.endedMs >= lastEnded, "lines are in the order in which operations ended");
    assert.ok(op.client >= 0 && op.client < clients);
    lastEnded = op.endedMs;
  }
  const byId = [...ops].sort((a, b) => a.id - b.id);
  for (const [i, op] of byId.entries()) {
    assert.is(op.id, i, "ids count up without a gap");
    assert.ok(i === 0 || op.invokedMs >= byId[i - 1]!.invokedMs, "ids ascend by invocation");
  }
  return { lines, ops, stock, end };
}

function sumOf({ total, ...groups }: ClientCounts): number {
  const sum = Object.values(groups).reduce((all, count) => all + count, 0);
  assert.is(sum, total);
  return sum;
}

const ofKind = <K extends Op["op"]>(ops: readonly Op[], op: K) =>
  ops.filter((one): one is Extract<Op, { op: K }> => one.op === op);

test("two hundred clients, a hundred seats: all end, all seats are sold", async (world) => {
  const run = await begin(world, { passesPerSecond: 100 }, { clients: 200 });
  const result = await run.done;
  const { ops, stock, end, lines } = await read(world.path, 200);
  assert.is(result.reason, "everyone-done");
  assert.is(end.reason, "everyone-done");
  assert.is(result.operations, ops.length);
  const { clients, bookings, progress, phase } = result.snapshot;
  sumOf(clients);
  assert.is(clients.confirmed, 100);
  assert.is(clients.soldOut, 100);
  assert.is(progress, 1);
  assert.is(phase, "settling");
  assert.equal(bookings, { pending: 0, confirmed: 100, cancelled: 0 });
  assert.ok(world.shop.products.every((product) => product.availableStock === 0));
  assert.is(new Set(ops.map((op) => op.client)).size, 200);
  assert.is(ops.filter((op) => op.outcome === "unknown").length, 0);
  assert.ok(stock.length > 0);
  for (const sample of stock) {
    for (const line of sample.products) {
      assert.is(line.availableStock + line.held, line.totalStock);
      assert.equal(Object.keys(line), ["id", "totalStock", "availableStock", "held"]);
    }
  }
  assert.ok(lines.some((line) => line.kind === "note" && line.text.startsWith("sold out at")));
  const booked = ofKind(ops, "reserve").filter((op) => op.outcome === "ok");
  assert.is(new Set(booked.map((op) => op.reservationId)).size, 100);
  assert.is(new Set(booked.map((op) => op.key)).size, 100);
  assert.is(end.tester.droppedArrivals, 0);
});

test("absent clients, attackers and failing payments all come to their ends", async (world) => {
  const changes = { clients: 200, absentPercent: 20, attackersPercent: 12 };
  const run = await begin(world, { failEvery: 10, stock: [100, 100, 100] }, changes);
  const { snapshot } = await run.done;
  const { ops } = await read(world.path, 200);
  const { clients, bookings } = snapshot;
  sumOf(clients);
  assert.is(clients.absent, 40);
  assert.is(clients.attackers, 24);
  assert.is(clients.gaveUp, 0);
  assert.is(clients.confirmed + clients.cancelled, 136);
  assert.ok(clients.cancelled > 0);
  assert.is(bookings.confirmed + bookings.cancelled, 148, "a dozen attackers buy too");
  const attacks = ofKind(ops, "reserve").filter((op) => op.attack !== undefined);
  const kinds = new Map<string, number>();
  for (const { attack, outcome } of attacks) {
    assert.is(outcome, "fail");
    kinds.set(attack!, (kinds.get(attack!) ?? 0) + 1);
  }
  assert.equal(Object.fromEntries([...kinds].sort()), {
    "foreign-pass": 4,
    "forged-pass": 4,
    "no-pass": 4,
    "spent-pass": 4,
  });
  const stolen = attacks.filter((op) => op.attack === "foreign-pass");
  const owners = new Map(ofKind(ops, "poll").map((op) => [op.pass, op.client]));
  for (const op of stolen) {
    assert.ok(owners.has(op.pass));
    assert.is.not(owners.get(op.pass), op.client);
  }
});

test("a double click joins twice at once", async (world) => {
  const tuning = { doubleClickPercent: 100 };
  const run = await begin(world, { stock: [50, 0, 0] }, { clients: 30, tuning });
  const { snapshot } = await run.done;
  const { ops } = await read(world.path, 30);
  assert.is(snapshot.clients.confirmed, 30);
  const joins = ofKind(ops, "join");
  assert.is(joins.length, 60);
  for (let client = 0; client < 30; client += 1) {
    const own = joins.filter((op) => op.client === client);
    assert.is(own.length, 2);
    assert.is(own[0]!.intendedMs, own[1]!.intendedMs);
  }
});

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

test("cuts, errors and shed load are survived, each purchase with one key", async (world) => {
  const run = await begin(world, { stock: [100, 100, 100] }, { clients: 60 });
  let calls = 0;
  const problem = (status: number, code: string) => ({ status, body: { code } });
  world.shop.trouble = (_method, path) => {
    if (path.startsWith("/api/admin")) return undefined;
    calls += 1;
    if (calls % 17 === 0) return "cut";
    if (calls % 19 === 0) return problem(500, "INTERNAL");
    if (calls % 23 === 0) return problem(503, "OVERLOADED");
    return undefined;
  };
  const { snapshot } = await run.done;
  const { ops } = await read(world.path, 60);
  assert.is(snapshot.clients.confirmed, 60);
  assert.is(world.shop.bookings.length, 60);
  for (let client = 0; client < 60; client += 1) {
    const keys = ofKind(ops, "reserve").filter((op) => op.client === client);
    assert.is(new Set(keys.map((op) => op.key)).size, 1);
  }
  const codes = snapshot.errors.map(({ code }) => code);
  for (const code of ["CONNECTION", "INTERNAL", "OVERLOADED"])
    assert.ok(codes.includes(code), code);
});

test("the same seed gives the same crowd, wishes, keys and all", async (world) => {
  const crowd = async () => {
    const run = await begin(world, { stock: [100, 100, 100] }, { clients: 50, seed: 7 });
    await run.done;
    const { ops } = await read(world.path, 50);
    const joins = ofKind(ops, "join").sort((a, b) => a.intendedMs - b.intendedMs);
    const buys = ofKind(ops, "reserve").map((op) => `${op.client} ${op.key} ${op.productId}`);
    return [...joins.map((op) => op.client), ...buys.sort()];
  };
  const once = await crowd();
  await world.shop.close();
  assert.equal(await crowd(), once);
});

test("a snapshot tells the run as it goes, and its clients always sum up", async (world) => {
  const run = await begin(world, { passesPerSecond: 60 }, { clients: 150 });
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
  assert.ok(snapshot.admissions.total >= 100 && snapshot.admissions.total < 150);
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

test("habits and attacks are in the record by name, and no habit buys twice", async (world) => {
  const habits = { impatientPercent: 20, doubleClickPercent: 30, retryingPercent: 30 };
  const changes = { clients: 300, attackersPercent: 10, habits } as const;
  const run = await begin(world, { passesPerSecond: 100, stock: [500, 500, 500] }, changes);
  const { snapshot } = await run.done;
  const { ops } = await read(world.path, 300);
  sumOf(snapshot.clients);
  assert.ok(snapshot.clients.leftEarly > 10);
  assert.is(snapshot.bookings.pending, 0);
  assert.is(world.shop.bookings.length, new Set(world.shop.bookings.map((one) => one.userId)).size);
  const rows = unusualOf(ops);
  const names = new Set(rows.map((row) => `${row.what} ${row.op}`));
  for (const name of [
    ...["impatient leave", "double-click join", "double-click reserve", "retry reserve"],
    ...["no-pass reserve", "forged-pass reserve", "foreign-pass reserve", "spent-pass reserve"],
    ...["poll-flood poll", "many-accounts join"],
  ]) {
    assert.ok(names.has(name), name);
  }
  const gang = ofKind(ops, "join").filter((op) => op.attack === "many-accounts");
  assert.is(new Set(gang.map((op) => op.intendedMs)).size, 1, "five accounts, one instant");
  assert.is(new Set(gang.map((op) => op.client)).size, 5);
});

test("recorded arrivals are replayed to the millisecond", async (world) => {
  const arrivalOffsetsMs = [0, 0, 150, 410.5, 411];
  const changes = { clients: 5, arrivals: "replay", arrivalOffsetsMs } as const;
  const run = await begin(world, {}, changes);
  await run.done;
  const joins = ofKind((await read(world.path, 5)).ops, "join").sort((a, b) => a.client - b.client);
  const zero = joins[0]!.intendedMs;
  for (const { client, intendedMs } of joins) {
    assert.ok(Math.abs(intendedMs - zero - arrivalOffsetsMs[client]!) < 0.01);
  }
});

test("paused arrivals come later by as long, and nobody is late or dropped for it", async (world) => {
  const changes = { clients: 40, arrivals: "ramp", arrivalSeconds: 1 } as const;
  const run = await begin(world, {}, changes);
  await until(() => run.snapshot().clients.notArrived < 30);
  run.controls?.pauseArrivals(true);
  const before = run.snapshot();
  assert.is(before.arrivalsPaused, true);
  await until(() => run.snapshot().elapsedMs > before.elapsedMs + 700);
  // One whose time had come just before may still be let in.
  assert.ok(before.clients.notArrived - run.snapshot().clients.notArrived <= 1);
  run.controls?.pauseArrivals(false);
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
