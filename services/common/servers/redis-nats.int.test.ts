/** Promises of the Redis and NATS that we start, kept by the real servers. */
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { beginningOf } from "./folder-lock.ts";
import { startNats } from "./nats-server.ts";
import type { HostOptions, RunningServer } from "./obtain-server.ts";
import { findFreePorts } from "./ports.ts";
import { startRedis } from "./redis-server.ts";
import { ServerUnavailable } from "./server-unavailable.ts";
import { becomesTrue, processesWith, runScript, say, withFolder } from "./test-aids.ts";

const host: HostOptions = { environment: { PATH: "" }, log: () => undefined };

// Where neither program, apt nor Docker is to be had there is nothing to keep promises with.
const missing = await Promise.all([startRedis(host), startNats(host)].map(stopped)).then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);
const withServers = missing === undefined ? test : test.skip;

async function stopped(starting: Promise<RunningServer>): Promise<void> {
  await (await starting).stop();
}

withServers("Redis answers, keeps nothing unless asked, and is gone after stop", async () => {
  const redis = await startRedis(host);
  assert.match(await say(redis.port, "PING\r\n"), "+PONG");
  assert.match(await say(redis.port, "CONFIG GET save\r\n"), "$4\r\nsave\r\n$0\r\n");
  assert.match(await say(redis.port, "CONFIG GET appendonly\r\n"), "no");
  await redis.stop();
  assert.is(await beginningOf(redis.pid), undefined);
});

withServers("Redis with a folder has its data again after a restart", () =>
  withFolder(async (dir) => {
    const first = await startRedis({ ...host, dir: join(dir, "redis") });
    assert.match(await say(first.port, "SET kept yes\r\n"), "+OK");
    const error = await startRedis({ ...host, dir: join(dir, "redis") }).catch((e) => e);
    assert.instance(error, ServerUnavailable);
    assert.match(error.message, `is in use by pid ${process.pid} (Redis)`);
    await first.stop();
    const second = await startRedis({ ...host, dir: join(dir, "redis") });
    assert.match(await say(second.port, "GET kept\r\n"), "yes");
    await second.stop();
    assert.equal(await processesWith(dir), []);
  }),
);

withServers("after SIGKILL of its owner Redis ends, and its folder can be used at once", () =>
  withFolder(async (dir) => {
    const owner = runScript(`
      import { startRedis } from "./redis-server.ts";
      const redis = await startRedis({
        dir: ${JSON.stringify(dir)}, environment: { PATH: "" }, log: () => undefined });
      process.stdout.write(redis.pid + "\\n");
      setInterval(() => undefined, 1000);`);
    const pid = Number(await owner.firstLine);
    assert.type(await beginningOf(pid), "string");
    owner.process.kill("SIGKILL");
    await owner.ended;
    const redis = await startRedis({ ...host, dir });
    assert.is(await beginningOf(pid), undefined);
    await redis.stop();
  }),
);

withServers("NATS answers; JetStream is on only with a folder", () =>
  withFolder(async (dir) => {
    const plain = await startNats(host);
    assert.is(plain.url, `nats://127.0.0.1:${plain.port}`);
    assert.match(await say(plain.port, ""), /^INFO (?!.*"jetstream":true)/);
    await plain.stop();
    const stream = await startNats({ ...host, jetStreamDir: join(dir, "nats") });
    assert.match(await say(stream.port, ""), /^INFO .*"jetstream":true/);
    await stream.stop();
    assert.ok(await becomesTrue(async () => (await processesWith(dir)).length === 0, 2_000));
  }),
);

withServers("a fixed port is used, and one that is taken is named with its holder", async () => {
  const [port = 0] = await findFreePorts(1);
  const nats = await startNats({ ...host, port });
  assert.is(nats.port, port);
  await nats.stop();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
  const error = await startNats({ ...host, port }).catch((e) => e);
  assert.match(error.message, `NATS cannot have port ${port}: pid ${process.pid} (node`);
  await new Promise((resolve) => squatter.close(resolve));
});

test.run();
