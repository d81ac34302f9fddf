/** Readers that never read, over real sockets: what they cost this process, and how it ends. */
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../common/limits.ts";
import { eventually } from "../../common/testing/service-harness.ts";
import { StreamStage, settled, waiting } from "../testing/stream-stage.ts";
import { POLL_MS } from "./position-streams.ts";

const READERS = 200;
/** More than any event with its frame. */
const EVENT_BYTES = 400;
const clientIds = Array.from({ length: READERS }, (_, client) => `c${client}`);

/** Connected by Unix sockets: what the system buffers for each is small. */
async function withReaders(
  body: (
    stage: StreamStage,
    readers: readonly Socket[],
    servers: readonly Socket[],
  ) => Promise<void>,
): Promise<void> {
  const stage = new StreamStage();
  const servers: Socket[] = [];
  stage.server.on("connection", (socket) => servers.push(socket));
  const folder = await mkdtemp(join(tmpdir(), "reservex-"));
  const path = join(folder, "streams");
  await new Promise<void>((resolve) => stage.server.listen(path, resolve));
  const readers = clientIds.map((clientId) => {
    const reader = connect(path);
    reader.pause();
    reader.on("error", () => reader.destroy());
    reader.write(`GET /${clientId} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    return reader;
  });
  try {
    await eventually(
      async () => stage.streams.size,
      (size) => size === READERS,
    );
    await body(stage, readers, servers);
  } finally {
    stage.streams.close();
    for (const reader of readers) reader.destroy();
    await new Promise((resolve) => stage.server.close(resolve));
    await rm(folder, { recursive: true });
  }
}

test("200 readers that never read cost one event each, however often their place changes", async () => {
  await withReaders(async (stage, readers, servers) => {
    let position = 1_000_000;
    const change = () => {
      position -= 1;
      for (const clientId of clientIds) stage.news.set(clientId, waiting(position));
      stage.streams.wake(1, clientIds);
    };
    const stuck = () => servers.filter((socket) => socket.writableLength > 0).length;
    // The system's buffers fill first; nobody is stuck before.
    while (stuck() < READERS) {
      assert.ok(stage.time.nowMs() < LIMITS.streamMs - 10_000, "the system buffers without end");
      change();
      await stage.time.pass(1_000);
    }
    const before = servers.map((socket) => socket.bytesWritten);
    for (let changed = 0; changed < 5_000; changed++) {
      change();
      await settled();
      if (changed % 1_000 > 0) continue;
      await stage.time.pass(POLL_MS);
      const buffered = servers.map((socket) => socket.writableLength);
      assert.ok(Math.max(...buffered) <= EVENT_BYTES, `${Math.max(...buffered)} bytes in one`);
      assert.ok(stage.streams.bufferedBytes <= READERS * EVENT_BYTES);
      assert.is(stage.streams.size, READERS);
    }
    assert.equal(
      servers.map((socket) => socket.bytesWritten),
      before,
      "nothing is written to one who does not read",
    );

    const [awake, asleep] = [readers.slice(0, READERS / 2), readers.slice(READERS / 2)];
    const texts = awake.map((reader) => {
      const read = { text: "" };
      reader.on("data", (chunk) => {
        read.text = (read.text + chunk.toString()).slice(-EVENT_BYTES);
      });
      reader.resume();
      return read;
    });
    const latest = `"position":${position},`;
    await eventually(
      async () => {
        await stage.time.pass(POLL_MS / 4);
        return texts.filter(({ text }) => text.includes(latest)).length;
      },
      (caughtUp) => caughtUp === awake.length,
    );
    await stage.time.pass(LIMITS.streamStuckMs + POLL_MS);
    assert.is(stage.streams.size, awake.length, "the others are cut off");
    assert.is(stage.streams.bufferedBytes, 0);
    assert.is(servers.filter((socket) => socket.destroyed).length, asleep.length);
  });
});

test.run();
