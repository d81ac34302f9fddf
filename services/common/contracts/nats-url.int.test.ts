/** NATS servers that ask who is there: whoever takes a URL with credentials gets in by it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { JetStreamBus } from "../bus/jetstream/jetstream-bus.ts";
import { DEFAULT_SETTINGS } from "../bus/jetstream/topology.ts";
import { processEnvironment } from "../config.ts";
import { createLog } from "../log.ts";
import { lookAtNats } from "../servers/look-at-nats.ts";
import { startNats } from "../servers/nats-server.ts";
import type { RunningServer } from "../servers/obtain-server.ts";
import { hostOf, natsOptions } from "./nats-url.ts";

interface World {
  dir: string;
  server: RunningServer;
  /** As an operator would write it: what a URL cannot hold is escaped. */
  url: string;
}

const test = suite<World>("a NATS server with a login");

test.before(async (world) => {
  world.dir = await mkdtemp(join(tmpdir(), "reservex-test-"));
  world.server = await startNats({
    environment: processEnvironment(),
    log: () => {},
    jetStreamDir: world.dir,
    login: { user: "ops", password: "s@cret/1" },
  });
  world.url = world.server.url.replace("nats://", `nats://ops:${encodeURIComponent("s@cret/1")}@`);
});
test.after(async ({ server, dir }) => {
  await server.stop();
  await rm(dir, { recursive: true });
});

test("a connection, the bus and a look get in by the URL", async ({ url }) => {
  const connection = await connect(natsOptions(url));
  await connection.close();
  assert.is((await lookAtNats(url)).outcome, "found");
  const bus = await openBus(url);
  await bus.close();
});

test("a wrong password is one line that does not repeat it", async ({ server }) => {
  const wrong = server.url.replace("nats://", "nats://ops:guessed@");
  assert.is(hostOf(wrong), hostOf(server.url));
  await openBus(wrong).then(
    () => assert.unreachable("let in"),
    (error: Error) => {
      assert.match(
        error.message,
        /^NATS does not answer at NATS_URL \(127\.0\.0\.1:\d+\): [^\n]+$/,
      );
      assert.not.match(error.message, "guessed");
    },
  );
});

const openBus = (url: string) =>
  JetStreamBus.open({ url, name: "test", settings: DEFAULT_SETTINGS, log: createLog("silent") });

test.run();
