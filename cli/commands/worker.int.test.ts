/** Runs over workers that meet their coordinator on a real NATS server. */
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, JSONCodec } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testNatsUrl } from "../../services/common/testing/service-harness.ts";
import { callSubject, PROTOCOL } from "../engine/crew/far/far-messages.ts";
import { parseHistory } from "../judge/parse.ts";
import { type OperatedStack, startOperatedStack } from "../testing/operated-stack.ts";
import { type Finished, reservex, temporaryFolder } from "../testing/processes.ts";

interface World {
  operated: OperatedStack;
  /** Another one for each test: nobody is hired by a test before. */
  group: string;
}

interface Worker {
  readonly child: ChildProcess;
  readonly ended: Promise<Finished>;
  /** Resolves when a line like that has been said; once for each call, in their order. */
  says(words: RegExp): Promise<void>;
}

const test = suite<World>("workers elsewhere");

test.before(async (world) => {
  world.operated = await startOperatedStack();
});
test.before.each((world) => {
  world.group = `test-${randomUUID().slice(0, 8)}`;
});
test.after((world) => world.operated.stop());

function startWorker({ group }: World, name: string): Worker {
  let child: ChildProcess | undefined;
  let said = "";
  const listening: (() => void)[] = [];
  const args = ["worker", "--join", testNatsUrl(), "--group", group, "--name", name, "--json"];
  const ended = reservex(args, {}, (started) => {
    child = started;
    started.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      for (const hear of listening.splice(0)) hear();
    });
  });
  return {
    child: child!,
    ended,
    async says(words) {
      for (;;) {
        const found = words.exec(said);
        if (found) {
          said = said.slice(found.index + found[0].length);
          return;
        }
        const more = new Promise<undefined>((resolve) => listening.push(() => resolve(undefined)));
        const over = await Promise.race([more, ended]);
        if (over !== undefined) throw new Error(`it ended: ${over.stderr}`);
      }
    },
  };
}

async function stopWorker(worker: Worker): Promise<Finished> {
  worker.child.kill("SIGINT");
  return worker.ended;
}

function simulate(world: World, out: string, args: readonly string[]): Promise<Finished> {
  const crowd = ["--clients", "200", "--stock", "40", "--permits-per-minute", "190", "--seed", "3"];
  const far = ["--workers", "2", "--workers-at", testNatsUrl(), "--worker-group", world.group];
  const how = ["--json", "--quiet", "--out", out];
  return reservex(["simulate", ...world.operated.access, ...crowd, ...far, ...how, ...args]);
}

async function historyOf(out: string) {
  const parsed = parseHistory(await readFile(join(out, "history.ndjson"), "utf8"));
  if (!parsed.ok) throw new Error(`line ${parsed.problem.line}: ${parsed.problem.wrong}`);
  return parsed.history;
}

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

test("a worker that is killed in mid-run makes it invalid, by its name", async (world) => {
  const dir = await temporaryFolder();
  const workers = [startWorker(world, "left"), startWorker(world, "right")];
  try {
    await Promise.all(workers.map((one) => one.says(/waiting for a run/)));
    const slow = ["--permits-per-minute", "60", "--arrival-seconds", "20", "--max-seconds", "60"];
    const judged = simulate(world, join(dir, "run"), slow);
    await workers[1]!.says(/100 of 200 clients/);
    // The doors open a second later; five more, and the crowd is in the middle of it.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    workers[1]!.child.kill("SIGKILL");
    const { code, stdout, stderr } = await judged;
    assert.is(code, 3, stdout + stderr);
    const report = JSON.parse(stdout);
    assert.is(report.result, "invalid");
    assert.match(report.tester.because, /lacks the clients of right \(silent for \d+ s\)/);
    const { ops, end } = await historyOf(join(dir, "run"));
    assert.is(end?.tester.lostWorkers?.length, 1);
    assert.ok(ops.length > 50, "what the other saw is kept");
    assert.ok(ops.every(({ client }) => client % 2 === 0));
    const again = await reservex(["judge", join(dir, "run")]);
    assert.is(again.code, 3, "and is so when it is judged again");
  } finally {
    await Promise.all(workers.map(stopWorker));
    await rm(dir, { recursive: true });
  }
});

test("Ctrl-C at the coordinator ends all of them, and their records come whole", async (world) => {
  const dir = await temporaryFolder();
  const workers = [startWorker(world, "left"), startWorker(world, "right")];
  try {
    await Promise.all(workers.map((one) => one.says(/waiting for a run/)));
    const far = ["--workers", "2", "--workers-at", testNatsUrl(), "--worker-group", world.group];
    const crowd = ["--clients", "200", "--permits-per-minute", "60", "--arrival-seconds", "30"];
    const how = ["--json", "--quiet", "--out", join(dir, "run")];
    const args = ["simulate", ...world.operated.access, ...crowd, ...far, ...how];
    const { stdout, stderr } = await reservex(args, {}, (child) => {
      void workers[0]!
        .says(/100 of 200 clients/)
        .then(() => new Promise((resolve) => setTimeout(resolve, 4_000)))
        .then(() => child.kill("SIGINT"));
    });
    assert.is(JSON.parse(stdout).ended, "interrupted", stderr);
    const { end } = await historyOf(join(dir, "run"));
    assert.is(end?.tester.lostWorkers, undefined);
  } finally {
    await Promise.all(workers.map(stopWorker));
    await rm(dir, { recursive: true });
  }
});

test("a coordinator that is gone costs its workers ten seconds, not their lives", async (world) => {
  const dir = await temporaryFolder();
  const workers = [startWorker(world, "left"), startWorker(world, "right")];
  try {
    await Promise.all(workers.map((one) => one.says(/waiting for a run/)));
    const far = ["--workers", "2", "--workers-at", testNatsUrl(), "--worker-group", world.group];
    const how = ["--clients", "100", "--json", "--quiet", "--out", join(dir, "run")];
    await reservex(["simulate", ...world.operated.access, ...far, ...how], {}, (child) => {
      void workers[0]!.says(/50 of 100 clients/).then(() => child.kill("SIGKILL"));
    });
    const free = /the coordinator fell silent\nwaiting for a run/;
    await Promise.all(workers.map((one) => one.says(free)));
  } finally {
    await Promise.all(workers.map(stopWorker));
    await rm(dir, { recursive: true });
  }
});

test("too few workers, and those of another version, are one line that says what to do", async (world) => {
  const nats = await connect({ servers: testNatsUrl() });
  const stranger = { worker: "x1", name: "old-host:7", busy: false, version: "9.9.9" };
  const offer = JSONCodec().encode({ ...stranger, protocol: PROTOCOL + 1 });
  const calls = nats.subscribe(callSubject(world.group), {
    callback: (_error, message) => void message.respond(offer),
  });
  const worker = startWorker(world, "left");
  try {
    await worker.says(/waiting for a run/);
    const { code, stdout, stderr } = await simulate(world, "/nowhere", ["--worker-wait", "2"]);
    assert.is(code, 69, stderr);
    const { error } = JSON.parse(stdout);
    assert.is(stderr.trim().split("\n").length, 1, stderr);
    assert.match(error, /2 workers are needed at \S+ \(group test-\w+\), 1 came within 2 s/);
    const other = `ReserveX 9.9.9 (protocol ${PROTOCOL + 1}), this is ReserveX 0.1.0`;
    assert.match(error, `old-host:7 is ${other}`);
    assert.match(error, "reservex worker --join nats://");

    const call = { version: "9.9.9", protocol: PROTOCOL + 1, runToken: "t" };
    nats.publish(callSubject(world.group), JSONCodec().encode(call), { reply: "nobody" });
    await worker.says(new RegExp(`refused a run of ${other.replaceAll(/[.()]/g, "\\$&")}`));
  } finally {
    calls.unsubscribe();
    await stopWorker(worker);
    await nats.close();
  }
});

test("a NATS server that does not answer is named without its password", async (world) => {
  const url = "nats://ops:secret-word@127.0.0.1:1";
  for (const args of [
    ["worker", "--join", url],
    ["simulate", ...world.operated.access, "--workers-at", url],
  ]) {
    const { code, stdout, stderr } = await reservex(args);
    assert.is(code, 69, stderr);
    assert.match(stderr, "NATS does not answer at 127.0.0.1:1");
    assert.not.match(stdout + stderr, "secret-word");
  }
  const wrong = await reservex(["worker", "--join", "https://ops:secret-word@host"]);
  assert.is(wrong.code, 64);
  assert.match(wrong.stderr, "--join must be a URL like nats://HOST:4222");
  assert.not.match(wrong.stderr, "secret-word");
  const nowhere = await reservex(["worker"]);
  assert.match(nowhere.stderr, "RESERVEX_WORKERS_AT");
  assert.is(nowhere.code, 64);
});

test.run();
