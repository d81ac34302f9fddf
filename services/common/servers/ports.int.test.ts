/** Promises of the port functions, kept on real ports. */
import { type AddressInfo, createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findFreePorts, isPortFree, whoHoldsPort } from "./ports.ts";

test("free ports are different and can be used", async () => {
  const ports = await findFreePorts(20);
  assert.is(new Set(ports).size, 20);
  assert.ok(await isPortFree(ports[0] as number, "127.0.0.1"));
});

test("a port in use is not free, and its holder is named", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  assert.not.ok(await isPortFree(port, "127.0.0.1"));
  const holder = await whoHoldsPort(port);
  assert.ok(holder?.startsWith(`pid ${process.pid} (node`), holder);
  await new Promise((resolve) => server.close(resolve));
  assert.ok(await isPortFree(port, "127.0.0.1"));
  assert.is(await whoHoldsPort(port), undefined);
});

test("the holder of an IPv6 port is named too", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  assert.ok((await whoHoldsPort(port))?.startsWith(`pid ${process.pid} `));
  await new Promise((resolve) => server.close(resolve));
});

test.run();
