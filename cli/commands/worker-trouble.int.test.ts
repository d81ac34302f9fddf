/** Workers elsewhere and who plans their run, when one of them is lost, strange, or never there. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { connect, JSONCodec } from "nats";
import * as assert from "uvu/assert";
import { testNatsUrl } from "../../services/common/testing/service-harness.ts";
import { callSubject, PROTOCOL } from "../engine/crew/far/far-messages.ts";
import { historyOf, meetings, simulate, startWorker, stopWorker } from "../testing/far-workers.ts";
import { reservex, temporaryFolder } from "../testing/processes.ts";

const test = meetings("workers in trouble");

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
