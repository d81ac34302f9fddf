/** The queue service while Redis is away, hangs, or comes back with nothing: no restart is needed. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { processEnvironment } from "../../common/config.ts";
import type { Journal, Place, Settings, Status } from "../../common/contracts/queue.ts";
import type { ProblemBody } from "../../common/errors.ts";
import { findFreePorts } from "../../common/servers/ports.ts";
import { startRedis } from "../../common/servers/redis-server.ts";
import { eventually, type Harness } from "../../common/testing/service-harness.ts";
import { post, withQueue } from "../testing/queue-stage.ts";

const test = suite("the queue service and its Redis");

interface Scene {
  readonly queue: Harness;
  /** SIGKILL: nothing is saved, so the next one begins empty. */
  kill(): Promise<void>;
  start(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

/** A queue service on a Redis that comes and goes on one port. */
async function withRedis(settings: object, body: (scene: Scene) => Promise<void>): Promise<void> {
  const [port] = await findFreePorts(1);
  const run = () => startRedis({ port: port!, environment: processEnvironment(), log: () => {} });
  let redis = await run();
  try {
    await withQueue({ REDIS_URL: redis.url, ...settings }, (queue) =>
      body({
        queue,
        async kill() {
          process.kill(redis.pid, "SIGKILL");
          await redis.exited;
        },
        async start() {
          redis = await run();
        },
        signal: (name) => void process.kill(redis.pid, name),
      }),
    );
  } finally {
    await redis.stop();
  }
}

const status = (queue: Harness, token: string, ticket?: string) =>
  queue.http<Status & ProblemBody>("queue", "/queue/1/status", {
    token,
    ...(ticket ? { headers: { "x-queue-ticket": ticket } } : {}),
  });

async function crowd(queue: Harness, count: number) {
  const clients: { readonly id: string; readonly token: string; readonly ticket: string }[] = [];
  for (let id = 10; id < 10 + count; id++) {
    const token = await queue.token(id);
    const joined = await queue.http<Place>("queue", "/queue/1/enqueue", post(token));
    assert.is(joined.status, 200);
    clients.push({ id: String(id), token, ticket: joined.body.queueTicket });
  }
  return clients;
}

test("Redis is lost and comes back empty: the order is restored within 5 s, the limit holds", async () => {
  await withRedis({ PERMITS_PER_MINUTE: "300" }, async ({ queue, kill, start }) => {
    const admin = await queue.token(1, "ADMIN");
    const clients = await crowd(queue, 60);
    const read = async () => {
      const path = "/queue/1/journal";
      return (await queue.http<Journal>("queue", path, { token: admin })).body.entries;
    };
    const before = await eventually(read, (entries) => entries.length >= 10);
    const rate = { method: "PATCH", token: admin, body: { permitsPerMinute: 240 } };
    assert.is((await queue.http("queue", "/queue/1/settings", rate)).status, 200);
    const waiting = clients.slice(before.length + 5);
    const [first, second] = waiting;
    const known = await status(queue, first!.token);
    assert.is(known.status, 200);
    await kill();

    const soft = await status(queue, first!.token);
    assert.equal([soft.status, soft.body.position], [200, known.body.position]);
    const stranger = await status(queue, await queue.token(5));
    assert.equal([stranger.status, stranger.body.code], [503, "UNAVAILABLE"]);
    assert.ok(Number(stranger.headers.get("retry-after")) > 0);
    const refused = await queue.http("queue", "/queue/1/enqueue", post(await queue.token(5)));
    assert.is(refused.status, 503);
    assert.is((await queue.http("queue", "/ready")).status, 503);
    assert.is((await queue.http("queue", "/metrics")).status, 200);

    const downAtMs = Date.now();
    await start();
    await eventually(
      () => queue.http("queue", "/ready"),
      (ready) => ready.status === 200,
    );
    // They come as they like: the last one first.
    for (const { token, ticket } of waiting.toReversed()) {
      const back = await eventually(
        () => status(queue, token, ticket),
        (answer) => answer.status === 200,
      );
      assert.is(back.body.passReady, false);
    }
    assert.is((await status(queue, first!.token)).body.position, 0);
    assert.is((await status(queue, second!.token)).body.position, 1);
    assert.ok(Date.now() - downAtMs < 5_000, "within 5 s");
    const forged = await status(queue, second!.token, `${first!.ticket.slice(0, -3)}AAA`);
    assert.is(forged.body.position, 1);
    const foreign = await queue.http("queue", "/queue/1/enqueue", {
      ...post(second!.token),
      headers: { "x-queue-ticket": first!.ticket },
    });
    assert.is(foreign.status, 400);

    const after = await eventually(read, (entries) => entries.length >= 5, 15_000);
    assert.equal(
      after.map(({ clientId }) => clientId),
      waiting.slice(0, after.length).map(({ id }) => id),
    );
    const admittedAt = [...before, ...after].map((entry) => Date.parse(entry.admittedAt));
    assert.ok(admittedAt.length <= 300);
    assert.ok(Math.min(...after.map((entry) => Date.parse(entry.admittedAt))) >= downAtMs);
    const path = "/queue/1/settings";
    const settings = await queue.http<Settings>("queue", path, { token: admin });
    assert.is(settings.body.permitsPerMinute, 240);
  });
});

test("Redis hangs: answers stay soft, nobody is admitted, and it goes on by itself", async () => {
  await withRedis({ PERMITS_PER_MINUTE: "60" }, async ({ queue, signal }) => {
    const clients = await crowd(queue, 30);
    const last = clients.at(-1)!;
    const known = await status(queue, last.token);
    signal("SIGSTOP");
    const soft = await Promise.all([status(queue, last.token), status(queue, last.token)]);
    for (const one of soft) {
      assert.is(one.status, 200);
      assert.is(one.body.position, known.body.position);
    }
    signal("SIGCONT");
    const on = await eventually(
      () => status(queue, last.token),
      (answer) => answer.body.position < known.body.position,
      15_000,
    );
    assert.is(on.status, 200);
  });
});

test("a Redis that is not there at the start is named", async () => {
  const [port] = await findFreePorts(1);
  try {
    await withQueue({ REDIS_URL: `redis://user:secret@127.0.0.1:${port}` }, async () => undefined);
    assert.unreachable();
  } catch (error) {
    const { message } = error as Error;
    assert.match(message, `REDIS_URL: no Redis at 127.0.0.1:${port}`);
    assert.not.match(message, "secret");
  }
});

test.run();
