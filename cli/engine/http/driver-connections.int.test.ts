/** Which connection carries which job: shared ones by turns, a client's own, none after the end. */
import type { ServerResponse } from "node:http";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ask,
  type DriverWorld,
  driverFor,
  json,
  type Probe,
  prepare,
  said,
} from "../testing/driver-world.ts";

const test = suite<DriverWorld>("driver's connections");
prepare(test);

test("many jobs share few connections, each job alone on its own, in order", async (world) => {
  let open = 0;
  let most = 0;
  const seen: string[] = [];
  world.handler = (request, response) => {
    open += 1;
    most = Math.max(most, open);
    seen.push(request.url ?? "");
    setImmediate(() => {
      open -= 1;
      json(response, 200, { url: request.url });
    });
  };
  const driver = driverFor(world, { connections: 3, requestTimeoutMs: 10_000 });
  const paths = Array.from({ length: 3_000 }, (_, i) => `/${i}`);
  const probes = await Promise.all(paths.map((path) => ask(driver, path)));
  for (const probe of probes) assert.equal(probe.reply.body, { url: probe.name });
  assert.is(world.sockets, 3);
  assert.ok(most <= 3, `${most} at once`);
  const starts = probes.map((probe) => probe.startedMs!);
  for (let i = 1; i < starts.length; i += 1) assert.ok(starts[i]! >= starts[i - 1]!);
  assert.is(new Set(seen).size, 3_000);
});

test("time spent waiting for a connection is no reason to time out", async (world) => {
  const waiting: ServerResponse[] = [];
  world.handler = (_request, response) => {
    waiting.push(response);
    setTimeout(() => json(response, 200, {}), 60);
  };
  const driver = driverFor(world, { connections: 1, requestTimeoutMs: 200 });
  const probes = await Promise.all(Array.from({ length: 6 }, () => ask(driver)));
  for (const probe of probes) assert.equal(said(probe), ["ok", 200, undefined]);
  assert.ok(probes.at(-1)!.startedMs! - probes[0]!.startedMs! > 250);
});

test("closed, it cuts everything off and says nothing more", async (world) => {
  world.handler = () => undefined;
  const driver = driverFor(world, { connections: 1 });
  let heard = 0;
  const done = () => {
    heard += 1;
  };
  const started = Promise.withResolvers<void>();
  world.server.once("request", () => started.resolve());
  for (const name of ["on the wire", "in the queue"]) {
    driver.send({ name, request: { method: "GET", path: "/", headers: [] }, done });
  }
  await started.promise;
  assert.is(driver.queued, 1);
  await driver.close();
  driver.send({ name: "late", request: { method: "GET", path: "/", headers: [] }, done });
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(heard, 0);
});

test("what nobody would record is not sent: no job goes on the wire once the driver is closed", async (world) => {
  const seen: string[] = [];
  world.handler = (request, response) => {
    seen.push(request.url ?? "");
    json(response, 200, {});
  };
  const driver = driverFor(world, { connections: 1 });
  const closed = Promise.withResolvers<void>();
  driver.send({
    name: "first",
    request: { method: "GET", path: "/first", headers: [] },
    // Right after, the free connection is given the next job, which it writes a turn later.
    done: () => queueMicrotask(() => driver.close().then(closed.resolve)),
  });
  const next: Probe = {
    name: "next",
    request: { method: "GET", path: "/next", headers: [] },
    done: () => undefined,
  };
  driver.send(next);
  await closed.promise;
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.is(next.startedMs, undefined);
  assert.equal(seen, ["/first"]);
});

test("with own sockets each client keeps its own until it is gone", async (world) => {
  const remote = new Map<string, Set<string>>();
  world.handler = (request, response) => {
    const { socket, url = "" } = request;
    const seen = remote.get(url) ?? new Set();
    remote.set(url, seen.add(`${socket.remoteAddress}:${socket.remotePort}`));
    response.end("{}");
  };
  const ownSockets = {
    clientOf: (job: Probe) => Number(job.request.path.slice(1)),
    addressOf: (client: number) => `127.0.0.${2 + client}`,
  };
  const driver = driverFor(world, { ownSockets });
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(["/0", "/1", "/2"].map((path) => ask(driver, path)));
  }
  assert.is(world.sockets, 3);
  for (const [path, seen] of remote) {
    assert.is(seen.size, 1);
    assert.ok([...seen][0]!.includes(`127.0.0.${2 + Number(path.slice(1))}:`));
  }
  driver.release(1);
  await ask(driver, "/1");
  assert.is(world.sockets, 4, "it is a stranger now");
});

test("a second request of a client at the same time takes a shared connection", async (world) => {
  const waiting: ServerResponse[] = [];
  world.handler = (_request, response) => {
    waiting.push(response);
    if (waiting.length === 2) for (const one of waiting) one.end("{}");
  };
  const ownSockets = { clientOf: () => 7, addressOf: () => undefined };
  const driver = driverFor(world, { ownSockets });
  const replies = await Promise.all([ask(driver, "/a"), ask(driver, "/b")]);
  assert.equal(
    replies.map(({ reply }) => reply.outcome),
    ["ok", "ok"],
  );
  assert.is(world.sockets, 2);
});

test.run();
