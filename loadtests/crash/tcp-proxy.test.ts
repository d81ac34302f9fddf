/** The wire that can be cut: it carries, it breaks, and it loses answers of things that were done. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

const heard: string[] = [];
const echo = createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    heard.push(chunk.toString());
    socket.write(chunk);
  });
});
let proxy: TcpProxy;

test.before(async () => {
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = await startTcpProxy((echo.address() as AddressInfo).port);
});

test.after(async () => {
  await proxy.close();
  echo.close();
});

async function dial(): Promise<Socket> {
  const socket = connect(proxy.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

test("what goes in comes out, and back", async () => {
  const socket = await dial();
  socket.write("hello");
  const [answer] = await once(socket, "data");
  assert.is(String(answer), "hello");
  socket.destroy();
});

test("a lost answer is one to something that was done", async () => {
  const socket = await dial();
  proxy.loseAnswers(1);
  const closed = once(socket, "close");
  socket.on("data", () => assert.unreachable("the answer arrived"));
  socket.write("charge me");
  await closed;
  assert.is(heard.at(-1), "charge me");
  const next = await dial();
  next.write("again");
  const [answer] = await once(next, "data");
  assert.is(String(answer), "again");
  next.destroy();
});

test("a delayed answer comes later, and no piece of it overtakes another", async () => {
  const socket = await dial();
  let said = "";
  socket.on("data", (chunk) => {
    said += String(chunk);
  });
  const beganMs = performance.now();
  proxy.delay(60);
  socket.write("a");
  await once(socket, "data");
  assert.ok(performance.now() - beganMs >= 55);
  socket.write("b");
  while (heard.at(-1) !== "b") await new Promise((resolve) => setImmediate(resolve));
  proxy.delay(0);
  socket.write("c");
  while (said.length < 3) await once(socket, "data");
  assert.is(said, "abc");
  socket.destroy();
});

test("a cut ends all that is open, and the next one gets through", async () => {
  const open = await Promise.all([dial(), dial()]);
  for (const socket of open) socket.write("here");
  await Promise.all(open.map((socket) => once(socket, "data")));
  const closed = open.map((socket) => once(socket, "close"));
  assert.ok(proxy.cutAll() >= 2);
  await Promise.all(closed);
  (await dial()).destroy();
});

test.run();
