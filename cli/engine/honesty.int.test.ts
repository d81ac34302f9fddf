/** What the tester says of a target that stalls, and of itself when it stalls. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { History } from "../judge/history.ts";
import { judgeTester } from "../judge/judge.ts";
import { parseHistory } from "../judge/parse.ts";
import { latencyOf } from "../report/latency.ts";
import { runSale } from "./engine.ts";
import type { RunPlan } from "./plan.ts";
import { type Freeze, startFreezingServer } from "./testing/freezing-server.ts";
import { planOf } from "./testing/plans.ts";

interface World {
  folder: string;
}

const test = suite<World>("honesty");
test.before.each(async (world) => {
  world.folder = await mkdtemp(join(tmpdir(), "reservex-honesty-"));
});
test.after.each(async (world) => {
  await rm(world.folder, { recursive: true });
});

/** 200 joins a second for five seconds; `during` is called as the doors open. */
async function runAgainst(
  { folder }: World,
  freeze: Freeze,
  connections: number,
  during: () => void = () => undefined,
): Promise<History> {
  const server = await startFreezingServer(freeze);
  try {
    const historyPath = join(folder, "history.ndjson");
    const handle = runSale(planAt(server.url, connections), { historyPath }, never);
    during();
    await handle.done;
    const parsed = parseHistory(await readFile(historyPath, "utf8"));
    if (!parsed.ok) throw new Error(parsed.problem.wrong);
    return parsed.history;
  } finally {
    await server.close();
  }
}

const never = new AbortController().signal;
const PER_SECOND = 200;
const SECONDS = 5;

function planAt(url: string, connections: number): RunPlan {
  return planOf({
    url,
    clients: PER_SECOND * SECONDS,
    arrivals: "ramp",
    arrivalSeconds: SECONDS,
    tuning: { connections, doubleClickPercent: 0, stockEveryMs: 60_000 },
  });
}

const FREEZE_MS = 500;
/**
 * A tenth of the time is frozen, and those who come then wait for what is left of it: evenly from
 * all of it to nothing. One percent of all is a tenth of those, so 99 % wait no longer than 0.9 of it.
 */
const ANALYTIC_P99_MS = FREEZE_MS * 0.9;

test("a freeze of a tenth of the run is the p99, however few connections hid it", async (world) => {
  for (const connections of [2, 128]) {
    const freeze = { atJoin: 400, freezeMs: FREEZE_MS };
    const history = await runAgainst(world, freeze, connections);
    const row = latencyOf(history.ops).find((one) => one.op === "join")!;
    assert.is(row.count, PER_SECOND * SECONDS);
    const off = Math.abs(row.p99 - ANALYTIC_P99_MS) / ANALYTIC_P99_MS;
    assert.ok(off < 0.05, `${connections} connections: p99 ${row.p99} ms`);
    assert.ok(row.max >= FREEZE_MS * 0.99);
    // Two connections send two requests into the freeze: measured from there, nearly nothing was.
    if (connections === 2) assert.ok(row.raw.p99 < FREEZE_MS * 0.2, `raw p99 ${row.raw.p99} ms`);
    const tester = judgeTester(history);
    assert.ok(tester.valid, `the target stalled, not the tester: ${tester.because}`);
  }
});

test("a tester that stalls itself calls its run invalid and says why", async (world) => {
  const freeze = { atJoin: 0, freezeMs: 0 };
  const still = new Int32Array(new SharedArrayBuffer(4));
  const history = await runAgainst(world, freeze, 128, () => {
    setTimeout(() => Atomics.wait(still, 0, 0, FREEZE_MS), 1_000);
  });
  const tester = judgeTester(history);
  assert.is(tester.known, true);
  assert.is(tester.valid, false);
  assert.match(tester.because, /requests left \d{3}\.\d ms late \(p99\), 10 ms allowed/);
  const { sendLagMs, eventLoopLagMs, droppedArrivals } = history.end!.tester;
  assert.ok(Math.abs(sendLagMs.p99 - ANALYTIC_P99_MS) / ANALYTIC_P99_MS < 0.05, "like a target's");
  assert.ok(eventLoopLagMs.max >= FREEZE_MS * 0.9);
  assert.is(droppedArrivals, 0, "late is not dropped");
});

test.run();
