/** Runs over workers that meet their coordinator on a real NATS server. */
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { historyOf, meetings, simulate, startWorker, stopWorker } from "../testing/far-workers.ts";
import { type Finished, temporaryFolder } from "../testing/processes.ts";

const test = meetings("workers elsewhere");

const partsLeft = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("reservex-worker-"));

test("two workers elsewhere drive one crowd, run after run, and the record is whole", async (world) => {
  const before = await partsLeft();
  const dir = await temporaryFolder();
  const workers = [startWorker(world, "left"), startWorker(world, "right")];
  let ends: Finished[] = [];
  try {
    await Promise.all(workers.map((one) => one.says(/waiting for a run/)));
    const whole = await simulate(world, join(dir, "run"), []);
    const report = JSON.parse(whole.stdout);
    const said = JSON.stringify([report.verdicts, report.tester], undefined, 1) + whole.stderr;
    for (const { promise, verdict } of report.verdicts) assert.is(verdict, "valid", promise + said);
    // 3 says that this machine was too busy to measure with; the promises are judged all the same.
    assert.ok(whole.code === 0 || whole.code === 3, said);
    assert.is(report.totals.clients, 200, "and one prober, who is no client");
    assert.equal(
      report.run.clocks.map(({ worker }: { worker: string }) => worker),
      ["left", "right"],
    );
    const { ops, run, end } = await historyOf(join(dir, "run"));
    assert.ok(
      run.clocks!.every(({ errorMs, exchanges }) => errorMs < 50 && exchanges >= 40),
      said,
    );
    assert.match(report.tester.because, /clocks are known to ±\d+\.\d\d ms/);
    assert.is(end?.tester.workerSendLagP99Ms?.length, 2);
    const halves = [0, 1].map((index) => ops.filter((op) => op.client % 2 === index).length);
    assert.ok(
      halves.every((operations) => operations > 200),
      `${halves}`,
    );
    assert.is(report.totals.operations, ops.length);

    // Both counted from one zero: arrivals keep the plan's distances, across machines too.
    const first = new Map<number, number>();
    for (const { client, intendedMs } of ops) {
      first.set(client, Math.min(first.get(client) ?? Number.POSITIVE_INFINITY, intendedMs));
    }
    const vague = 2 * Math.max(...run.clocks!.map(({ errorMs }) => errorMs));
    const zero = first.get(0)!;
    for (let client = 0; client < 200; client += 1) {
      const late = first.get(client)! - zero - (client * 5_000) / 200;
      assert.ok(Math.abs(late) <= vague + 0.01, `client ${client}: ${late} ms, ±${vague}`);
    }

    await Promise.all(workers.map((one) => one.says(/the run is over[\s\S]*waiting for a run/)));
    const again = await simulate(world, join(dir, "again"), ["--clients", "20", "--stock", "10"]);
    assert.is(JSON.parse(again.stdout).totals.clients, 20, again.stderr);
  } finally {
    ends = await Promise.all(workers.map(stopWorker));
    await rm(dir, { recursive: true });
  }
  const runs = ends.map(({ code, stdout }) => [code, JSON.parse(stdout).runs]);
  assert.equal(
    runs,
    [0, 1].map(() => [0, 2]),
    "each served both runs, and left when asked",
  );
  assert.equal(await partsLeft(), before, "no part is left behind");
});

test.run();
