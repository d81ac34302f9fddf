/** A crowd over several processes: one history, as if one process had seen it all. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { History } from "../../judge/history.ts";
import { judgeTester } from "../../judge/judge.ts";
import { parseHistory } from "../../judge/parse.ts";
import type { RunResult } from "../engine.ts";
import { FakeShop } from "../testing/fake-shop.ts";
import { type PlanChanges, planOf } from "../testing/plans.ts";
import { runWithWorkers } from "./workers.ts";

interface World {
  folder: string;
  shop: FakeShop;
}

const QUICK = { thinkMinMs: 5, thinkMaxMs: 50, stockEveryMs: 100, connections: 16 };
const test = suite<World>("workers");
test.before.each(async (world) => {
  world.folder = await mkdtemp(join(tmpdir(), "reservex-workers-"));
  world.shop = new FakeShop({ passesPerSecond: 100 });
});
test.after.each(async (world) => {
  await world.shop.close();
  await rm(world.folder, { recursive: true });
});

async function run(
  { folder, shop }: World,
  changes: PlanChanges,
  signal = new AbortController().signal,
): Promise<{ result: RunResult; history: History }> {
  const url = await shop.open();
  const plan = planOf({ ...changes, url, tuning: { ...QUICK, ...changes.tuning } });
  const historyPath = join(folder, "history.ndjson");
  const result = await runWithWorkers(plan, { historyPath }, signal, 3).done;
  assert.equal(await readdir(folder), ["history.ndjson"], "the parts are gone");
  const parsed = parseHistory(await readFile(historyPath, "utf8"));
  if (!parsed.ok) throw new Error(parsed.problem.wrong);
  return { result, history: parsed.history };
}

test("three processes sell out a hundred seats to two hundred clients", async (world) => {
  const changes = { clients: 200, arrivals: "ramp", arrivalSeconds: 1 } as const;
  const { result, history } = await run(world, changes);
  const { ops, end, stock } = history;
  assert.is(result.reason, "everyone-done");
  assert.is(result.operations, ops.length);
  assert.is(new Set(ops.map((op) => op.client)).size, 200);
  assert.is(result.snapshot.clients.total, 200);
  assert.is(result.snapshot.clients.confirmed, 100);
  assert.is(result.snapshot.progress, 1);
  assert.ok(stock.length > 0);
  for (const [i, op] of ops.entries()) {
    assert.ok(i === 0 || op.endedMs >= ops[i - 1]!.endedMs, "in the order in which they ended");
  }
  const byId = ops.toSorted((a, b) => a.id - b.id);
  for (const [i, op] of byId.entries()) {
    assert.is(op.id, i);
    assert.ok(i === 0 || op.invokedMs >= byId[i - 1]!.invokedMs, "ids ascend by invocation");
  }
  assert.is(end?.tester.workerSendLagP99Ms?.length, 3);
  const joins = result.snapshot.latency.find(({ op }) => op === "join");
  assert.is(joins?.count, ops.filter(({ op }) => op === "join").length);
});

test("all processes count from one zero: arrivals keep the plan's distances", async (world) => {
  const changes = { clients: 60, arrivals: "ramp", arrivalSeconds: 1 } as const;
  const { history } = await run(world, changes);
  const first = new Map<number, number>();
  for (const { client, intendedMs } of history.ops) {
    first.set(client, Math.min(first.get(client) ?? Number.POSITIVE_INFINITY, intendedMs));
  }
  const zero = first.get(0)!;
  for (const [client, ms] of first) {
    assert.ok(Math.abs(ms - zero - (client * 1_000) / 60) < 0.01, `client ${client} at ${ms}`);
  }
});

test("a worker that lags makes the run invalid, whatever the others did", () => {
  const tester = {
    sendLagMs: { p50: 1, p99: 4, max: 90 },
    eventLoopLagMs: { p99: 1, max: 1 },
    droppedArrivals: 0,
    workerSendLagP99Ms: [1, 34, 1],
  };
  const end = { kind: "end", atMs: 1, reason: "everyone-done", tester } as const;
  const verdict = judgeTester({ run: {}, end } as unknown as History);
  assert.is(verdict.valid, false);
  assert.match(verdict.because, /34\.0 ms late/);
});

test("an interrupted crew ends and leaves a whole history", async (world) => {
  const stop = new AbortController();
  const opened = run(world, { clients: 300, arrivals: "ramp", arrivalSeconds: 60 }, stop.signal);
  world.shop.trouble = (method) => {
    if (method === "POST") stop.abort();
    return undefined;
  };
  const { result, history } = await opened;
  assert.is(result.reason, "interrupted");
  assert.is(history.end?.reason, "interrupted");
});

/** Ids of the processes that this one started and that still run. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").filter(Boolean).map(Number);
}

test("a worker that is killed ends the run, which says whose clients are not on record", async (world) => {
  const before = await childrenOf(process.pid);
  let killed = false;
  const opened = run(world, { clients: 300, arrivals: "ramp", arrivalSeconds: 60 });
  world.shop.trouble = (method) => {
    if (method !== "POST" || killed) return undefined;
    killed = true;
    void childrenOf(process.pid).then((now) => {
      const [first] = now.filter((pid) => !before.includes(pid));
      process.kill(first!, "SIGKILL");
    });
    return undefined;
  };
  const { result, history } = await opened;
  assert.is(result.reason, "interrupted");
  assert.equal(history.end?.tester.lostWorkers, ["worker 0 (ended by itself)"]);
  const verdict = judgeTester(history);
  assert.is(verdict.valid, false);
  assert.match(verdict.because, "lacks the clients of worker 0");
  assert.ok(
    history.ops.every(({ client }) => client % 3 !== 0),
    "its clients are not half there",
  );
});

test("what is done to the target stands in the record of a crew, in its place", async (world) => {
  const url = await world.shop.open();
  const plan = planOf({ clients: 60, arrivals: "ramp", arrivalSeconds: 1, url, tuning: QUICK });
  const historyPath = join(world.folder, "history.ndjson");
  const handle = runWithWorkers(plan, { historyPath }, new AbortController().signal, 2);
  let told = false;
  world.shop.trouble = () => {
    if (!told) handle.fault("cut", "queue", "every connection to queue is cut");
    told = true;
    return undefined;
  };
  await handle.done;
  const parsed = parseHistory(await readFile(historyPath, "utf8"));
  if (!parsed.ok) throw new Error(parsed.problem.wrong);
  const { faults = [], notes, ops } = parsed.history;
  assert.equal(
    faults.map(({ what, target }) => [what, target]),
    [["cut", "queue"]],
  );
  assert.ok(notes.some(({ text }) => text === "every connection to queue is cut"));
  const ends = ops.map(({ endedMs }) => endedMs);
  assert.ok(faults[0]!.atMs > 0 && faults[0]!.atMs < Math.max(...ends));
});

test("a person pauses the arrivals of all processes at one instant, and changes the limit", async (world) => {
  const url = await world.shop.open();
  const plan = planOf({ clients: 90, arrivals: "ramp", arrivalSeconds: 2, url, tuning: QUICK });
  const historyPath = join(world.folder, "history.ndjson");
  const handle = runWithWorkers(plan, { historyPath }, new AbortController().signal, 3);
  handle.controls.pauseArrivals(true);
  assert.not(handle.snapshot().arrivalsPaused, "the doors are not open yet");
  await until(() => handle.snapshot().clients.notArrived < 80);
  handle.controls.pauseArrivals(true);
  handle.controls.pauseArrivals(true);
  assert.is(handle.snapshot().arrivalsPaused, true);
  await wait(1_200);
  const paused = handle.snapshot().clients.notArrived;
  assert.ok(paused > 20, `${paused} have not arrived`);
  await wait(600);
  assert.is(handle.snapshot().clients.notArrived, paused, "nobody comes");
  handle.controls.limitChanged(4_321);
  assert.is(handle.snapshot().admissions.permitsPerMinute, 4_321);
  handle.controls.pauseArrivals(false);
  const { tester, reason } = await handle.done;
  assert.is(reason, "everyone-done");
  assert.is(tester.droppedArrivals, 0);
  const parsed = parseHistory(await readFile(historyPath, "utf8"));
  if (!parsed.ok) throw new Error(parsed.problem.wrong);
  const { notes, ops } = parsed.history;
  const told = notes.filter(({ text }) => /^arrivals|limit/.test(text));
  const [shut, limit, open] = told;
  assert.is(told.length, 3);
  assert.equal([shut!.text, limit!.permitsPerMinute], ["arrivals paused", 4_321]);
  const shutMs = open!.atMs - shut!.atMs;
  assert.is(open!.text, `arrivals go on, ${(shutMs / 1_000).toFixed(1)} s later than planned`);
  const first = new Map<number, number>();
  for (const { client, op, intendedMs } of ops) {
    if (op === "join" && !first.has(client)) first.set(client, intendedMs);
  }
  // Each comes as planned, or later by exactly the pause, which all processes count alike.
  const zero = first.get(0)!;
  for (const [client, ms] of first) {
    const plannedMs = zero + (client * 2_000) / 90;
    const dueMs = plannedMs < shut!.atMs ? plannedMs : plannedMs + shutMs;
    assert.ok(Math.abs(ms - dueMs) < 0.01, `client ${client} at ${ms}, due at ${dueMs}`);
  }
});

/** Views come twice a second. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(10);
}

test.run();
