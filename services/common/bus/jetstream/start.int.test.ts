/** A bus that cannot start says why in one line: whoever starts it tries again. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnavailableError } from "../../errors.ts";
import { createLog } from "../../log.ts";
import { JetStreamBus } from "./jetstream-bus.ts";
import { DEFAULT_SETTINGS } from "./topology.ts";

const INFO = {
  server_id: "X",
  version: "2.10.0",
  jetstream: true,
  headers: true,
  max_payload: 1e6,
};

test("a NATS server whose JetStream stays silent is unavailable, and no defect of ours", async () => {
  const silent = createServer((socket) => {
    socket.on("error", () => {});
    socket.write(`INFO ${JSON.stringify(INFO)}\r\n`);
    socket.on("data", (chunk) => {
      if (chunk.includes("PING")) socket.write("PONG\r\n");
    });
  });
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const options = { name: "test", settings: DEFAULT_SETTINGS, log: createLog("silent") };
  try {
    await JetStreamBus.open({ ...options, url: `nats://127.0.0.1:${port}` });
    assert.unreachable("it started");
  } catch (error) {
    assert.instance(error, UnavailableError);
    assert.match(
      (error as Error).message,
      /^JetStream does not answer at NATS_URL \(127\.0\.0\.1:\d+\): [^\n]+$/,
    );
  } finally {
    silent.close();
  }
});

test.run();
