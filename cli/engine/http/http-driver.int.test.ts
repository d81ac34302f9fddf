/** The driver against a real server that answers well, badly, late, too much or not at all. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ask,
  clock,
  type DriverWorld,
  driverFor,
  json,
  prepare,
  said,
} from "../testing/driver-world.ts";

const test = suite<DriverWorld>("http driver");
prepare(test);

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

test.run();
