/** Connections against servers that are no HTTP servers: what they say, byte by byte, is the test's. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setDefaultCACertificates, createServer as tlsServer } from "node:tls";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { selfSigned } from "../../../services/common/testing/self-signed.ts";
import { ask, clock, driverOf, type Probe, said } from "../testing/driver-world.ts";
import { destinationOf } from "./client-socket.ts";
import { Connection } from "./http-connection.ts";
import type { Reply } from "./http-reply.ts";

interface World {
  server: Server;
  url: string;
  /** The sockets that came, and what each of them said, a text a request. */
  sockets: Socket[];
  heard: string[];
  answer: (socket: Socket, request: string) => void;
  driver: ReturnType<typeof driverOf>;
}

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

const test = suite<World>("http connection");
test.before.each(async (world) => {
  await open(world, createServer());
});
test.after.each(async (world) => {
  await world.driver.close();
  for (const socket of world.sockets) socket.destroy();
  await new Promise((resolve) => world.server.close(resolve));
});

/** Requests in these tests have no body, so that each ends with its head. */
async function open(world: World, server: Server, event = "connection"): Promise<void> {
  world.server = server;
  world.sockets = [];
  world.heard = [];
  world.answer = (socket) => socket.write(OK);
  server.on(event, (socket: Socket) => {
    world.sockets.push(socket);
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (bytes) => {
      text += String(bytes);
      if (!text.endsWith("\r\n\r\n")) return;
      world.heard.push(text);
      world.answer(socket, text);
      text = "";
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  world.driver = driverOf({ baseUrl: world.url, connections: 1 });
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("an answer in many small pieces, an interim one before it, is one answer", async (world) => {
  const chunks = '8\r\n{"name":\r\n5;x=y\r\n"Ü"}\r\n0\r\nT: 1\r\n\r\n';
  const head = "HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 201 Made\r\n";
  const bytes = Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
  world.answer = async (socket) => {
    socket.setNoDelay(true);
    for (const byte of bytes) {
      socket.write(Buffer.from([byte]));
      await turn();
    }
  };
  for (let round = 0; round < 2; round += 1) {
    const { reply } = await ask(world.driver);
    assert.equal([reply.status, reply.body], [201, { name: "Ü" }]);
  }
  assert.is(world.sockets.length, 1);
});

test("what is no HTTP is unknown, and the next request has a new socket", async (world) => {
  world.answer = (socket) => socket.write("220 mail.example.com ESMTP\r\n\r\n");
  assert.equal(said(await ask(world.driver)), ["unknown", undefined, "CONNECTION"]);
  world.answer = (socket) => socket.write(OK);
  assert.equal(said(await ask(world.driver)), ["ok", 200, undefined]);
  assert.is(world.sockets.length, 2);
});

test("a body that ends with the connection is whole only if that ends in order", async (world) => {
  world.answer = (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n{"a":1}');
  const { reply } = await ask(world.driver);
  assert.equal([reply.outcome, reply.body], ["ok", { a: 1 }]);
  world.answer = (socket) => {
    socket.write('HTTP/1.0 200 OK\r\n\r\n{"a":1}', () => socket.resetAndDestroy());
  };
  assert.equal(said(await ask(world.driver)), ["unknown", undefined, "CONNECTION"]);
});

test("a server that says close, or when it will, is believed", async (world) => {
  const saying = (field: string) => `HTTP/1.1 200 OK\r\n${field}\r\ncontent-length: 2\r\n\r\n{}`;
  for (const field of ["Connection: close", "Keep-Alive: timeout=1", "Keep-Alive: timeout=60"]) {
    world.answer = (socket) => socket.write(saying(field));
    assert.equal(said(await ask(world.driver)), ["ok", 200, undefined]);
  }
  assert.is(world.sockets.length, 3);
  await ask(world.driver);
  assert.is(world.sockets.length, 3, "a minute is long enough");
});

test("a connection that was closed while idle costs no request its answer", async (world) => {
  for (let round = 0; round < 5; round += 1) {
    world.answer = (socket) => socket.end(OK);
    assert.equal(said(await ask(world.driver)), ["ok", 200, undefined]);
    // Sent before the end can have been read: it is read before anything is written.
    assert.equal(said(await ask(world.driver)), ["ok", 200, undefined]);
    const last = world.sockets.at(-1)!;
    if (!last.closed) await once(last, "close");
  }
  assert.is(world.sockets.length, 10);
  assert.is(world.heard.length, 10);
});

test("a request cut off is unknown, and is written once", async (world) => {
  await ask(world.driver);
  world.answer = (socket) => socket.destroy();
  const cut = await ask(world.driver, "/cut");
  assert.equal(said(cut), ["unknown", undefined, "CONNECTION"]);
  assert.ok(cut.startedMs !== undefined);
  world.answer = (socket) => socket.write(OK);
  await ask(world.driver, "/after");
  assert.equal(
    world.heard.map((text) => text.split(" ")[1]),
    ["/", "/cut", "/after"],
  );
});

test("what comes unasked answers nothing", async (world) => {
  world.answer = (socket) => socket.write(`${OK}HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n`);
  assert.equal(said(await ask(world.driver)), ["ok", 200, undefined]);
  world.answer = (socket) => socket.write(OK);
  assert.equal(said(await ask(world.driver)), ["ok", 200, undefined]);
  const closed = once(world.sockets[1]!, "close");
  world.sockets[1]!.write("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
  await closed;
  assert.equal(said(await ask(world.driver)), ["ok", 200, undefined]);
  assert.is(world.sockets.length, 3);
});

test("who cannot be reached in time is a TIMEOUT that never started", async (world) => {
  const told: Reply[] = [];
  const freed = Promise.withResolvers<void>();
  const options = { destination: destinationOf(new URL(world.url)), host: "x", prefix: "" };
  const connection: Connection<Probe> = new Connection<Probe>(
    {
      closed: false,
      turn: 0,
      ready: (one) => one.write(),
      started: () => assert.unreachable("it started"),
      ended: (_job, reply) => told.push(reply),
      free: () => freed.resolve(),
    },
    { ...options, maxBodyBytes: 100, now: () => clock.now() },
    undefined,
    1_000,
  );
  const request = { method: "GET", path: "/", headers: [] } as const;
  connection.carry({ name: "late", request, done: () => undefined });
  // It connects, and no turn of the loop has let it.
  connection.cutIfBegunBefore(Number.POSITIVE_INFINITY);
  assert.equal([told[0]?.outcome, told[0]?.code, told.length], ["unknown", "TIMEOUT", 1]);
  await freed.promise;
  connection.destroy();
});

test("over TLS it is the same, with a server that can be trusted", async (world) => {
  await new Promise((resolve) => world.server.close(resolve));
  const { key, cert } = selfSigned();
  await open(world, tlsServer({ key, cert }), "secureConnection");
  const { port } = world.server.address() as AddressInfo;
  world.driver = driverOf({ baseUrl: `https://localhost:${port}`, connections: 1 });
  assert.equal(said(await ask(world.driver)), ["unknown", undefined, "CONNECTION"], "a stranger");
  setDefaultCACertificates([cert]);
  for (let round = 0; round < 3; round += 1) {
    assert.equal(said(await ask(world.driver)), ["ok", 200, undefined]);
  }
  assert.is(world.sockets.length, 1);
});

test.run();
