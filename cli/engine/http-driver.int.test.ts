/** The driver against a real server that answers well, badly, late, too much or not at all. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startClock } from "./clock.ts";
import { type DriverOptions, HttpDriver, type Reply, type WireJob } from "./http-driver.ts";

interface Probe extends WireJob {
  readonly name: string;
  startedMs?: number;
  reply?: Reply;
  readonly done: (reply: Reply) => void;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

interface World {
  server: Server;
  url: string;
  handler: Handler;
  sockets: number;
  drivers: HttpDriver<Probe>[];
}

const clock = startClock();
const test = suite<World>("http driver");
test.before.each(async (world) => {
  world.sockets = 0;
  world.drivers = [];
  world.server = createServer((request, response) => world.handler(request, response));
  world.server.on("connection", () => {
    world.sockets += 1;
  });
  await new Promise<void>((resolve) => world.server.listen(0, "127.0.0.1", resolve));
  world.url = `http://127.0.0.1:${(world.server.address() as AddressInfo).port}`;
});
test.after.each(async (world) => {
  await Promise.all(world.drivers.map((driver) => driver.close()));
  world.server.closeAllConnections();
  await new Promise((resolve) => world.server.close(resolve));
});

function driverFor(world: World, changes: Partial<DriverOptions<Probe>> = {}): HttpDriver<Probe> {
  const driver = new HttpDriver<Probe>(
    {
      baseUrl: world.url,
      connections: 2,
      requestTimeoutMs: 1_000,
      now: () => clock.now(),
      ...changes,
    },
    {
      started(job, nowMs) {
        assert.is(job.startedMs, undefined, "started twice");
        job.startedMs = nowMs;
      },
      ended(job, reply) {
        assert.is(job.reply, undefined, "ended twice");
        job.reply = reply;
        job.done(reply);
      },
    },
  );
  world.drivers.push(driver);
  return driver;
}

/** Sends one job and waits for the last word on it. */
function ask(
  driver: HttpDriver<Probe>,
  path = "/",
  changes: Partial<WireJob["request"]> = {},
): Promise<Probe & { readonly reply: Reply }> {
  return new Promise((resolve) => {
    const probe: Probe = {
      name: path,
      request: { method: "GET", path, headers: [], ...changes },
      done: (reply) => resolve({ ...probe, reply }),
    };
    driver.send(probe);
  });
}

const said = ({ reply }: { reply: Reply }) => [reply.outcome, reply.status, reply.code];
const json = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};

test("an answer is read: status, JSON, times, and what was sent arrived", async (world) => {
  world.handler = async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { method, url, headers } = request;
    json(response, 201, { method, url, auth: headers.authorization, body });
  };
  const driver = driverFor(world, { baseUrl: `${world.url}/shop/` });
  const beforeMs = clock.now();
  const probe = await ask(driver, "/api/x?y=1", {
    method: "POST",
    headers: ["authorization", "Bearer t", "content-type", "application/json"],
    body: '{"a":1}',
  });
  assert.equal(said(probe), ["ok", 201, undefined]);
  assert.equal(probe.reply.body, {
    method: "POST",
    url: "/shop/api/x?y=1",
    auth: "Bearer t",
    body: '{"a":1}',
  });
  assert.ok(beforeMs <= probe.startedMs! && probe.startedMs! < probe.reply.endedMs);
});

test("refusals carry their code and Retry-After", async (world) => {
  world.handler = (_request, response) => {
    response.setHeader("retry-after", "2");
    json(response, 429, { code: "RATE_LIMITED" });
  };
  const { reply } = await ask(driverFor(world));
  assert.equal(said({ reply }), ["fail", 429, "RATE_LIMITED"]);
  assert.is(reply.retryAfterMs, 2_000);
});

test("no content is a yes without a body", async (world) => {
  world.handler = (_request, response) => response.writeHead(204).end();
  const { reply } = await ask(driverFor(world), "/", { method: "DELETE" });
  assert.equal(said({ reply }), ["ok", 204, undefined]);
  assert.is(reply.body, undefined);
});

test("what is no JSON is told by its status alone", async (world) => {
  world.handler = (request, response) => {
    response.writeHead(request.url === "/yes" ? 200 : 500, { "content-type": "text/html" });
    response.end("<h1>hello</h1>{");
  };
  const driver = driverFor(world);
  assert.equal(said(await ask(driver, "/yes")), ["ok", 200, "UNREADABLE"]);
  assert.equal(said(await ask(driver, "/no")), ["unknown", 500, "HTTP_500"]);
});

test("an endless body is not read to its end, and the driver goes on", async (world) => {
  world.handler = (request, response) => {
    if (request.url === "/small") return json(response, 200, {});
    response.writeHead(200, { "content-type": "application/json" });
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", more);
    more();
  };
  const driver = driverFor(world, { connections: 1, maxBodyBytes: 300_000 });
  assert.equal(said(await ask(driver, "/huge")), ["ok", 200, "UNREADABLE"]);
  assert.equal(said(await ask(driver, "/small")), ["ok", 200, undefined]);
});

test("silence is unknown after the timeout, and the connection is replaced", async (world) => {
  world.handler = (request, response) => {
    if (request.url === "/quick") json(response, 200, {});
  };
  const driver = driverFor(world, { connections: 1, requestTimeoutMs: 150 });
  const late = await ask(driver, "/never");
  assert.equal(said(late), ["unknown", undefined, "TIMEOUT"]);
  const tookMs = late.reply.endedMs - late.startedMs!;
  assert.ok(tookMs >= 150 && tookMs < 600, `${tookMs} ms`);
  assert.equal(said(await ask(driver, "/quick")), ["ok", 200, undefined]);
});

test("half an answer that never ends is no answer", async (world) => {
  world.handler = (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"id":');
  };
  const driver = driverFor(world, { requestTimeoutMs: 150 });
  assert.equal(said(await ask(driver)), ["unknown", undefined, "TIMEOUT"]);
});

test("a connection cut before or within the answer is unknown", async (world) => {
  world.handler = (request, response) => {
    if (request.url === "/after") return json(response, 200, {});
    if (request.url === "/within") {
      response.writeHead(201, { "content-length": "100" });
      response.write('{"id":');
    }
    setImmediate(() => request.socket.destroy());
  };
  const driver = driverFor(world, { connections: 1 });
  assert.equal(said(await ask(driver, "/before")), ["unknown", undefined, "CONNECTION"]);
  assert.equal(said(await ask(driver, "/within")), ["unknown", undefined, "CONNECTION"]);
  assert.equal(said(await ask(driver, "/after")), ["ok", 200, undefined]);
});

test("nobody listening is unknown at once, for every job, without a start", async (world) => {
  world.handler = () => undefined;
  const driver = driverFor(world, { baseUrl: "http://127.0.0.1:1" });
  const probes = await Promise.all(Array.from({ length: 20 }, () => ask(driver)));
  for (const probe of probes) {
    assert.equal(said(probe), ["unknown", undefined, "CONNECTION"]);
    assert.is(probe.startedMs, undefined);
  }
});

test("what cannot be sent comes back instead of being thrown", async (world) => {
  world.handler = (_request, response) => json(response, 200, {});
  const driver = driverFor(world, { connections: 1 });
  const probe = await ask(driver, "/", { headers: ["x-odd", "a\nb"] });
  assert.is(probe.reply.outcome, "unknown");
  assert.equal(said(await ask(driver)), ["ok", 200, undefined]);
});

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
