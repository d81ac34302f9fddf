/** What one queue process does, the clients of another hear of. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Stats, Status } from "../../common/contracts/queue.ts";
import { eventually } from "../../common/testing/service-harness.ts";
import { post } from "../testing/queue-stage.ts";
import { startRedisStage } from "../testing/redis-stage.ts";
import { StreamClient, startStreamQueue } from "../testing/stream-queue.ts";

const stage = await startRedisStage();
const test = suite("queue processes on one Redis");
const PERMITS = "6000";

test("a pass that another process has issued reaches the stream that waits for it", async () => {
  await stage.client.flushall();
  const queue = await startStreamQueue({ REDIS_URL: stage.url, PERMITS_PER_MINUTE: PERMITS });
  const other = await stage.open(undefined, { settings: { permitsPerMinute: Number(PERMITS) } });
  try {
    await other.changeSettings(1, { paused: true });
    const token = await queue.token(7);
    await queue.http("queue", "/queue/1/enqueue", post(token));
    const stream = await StreamClient.open(queue.url, token);
    await stream.told(1);
    const now = Date.now();
    const sale = { opensAtMs: now - 1_000, closesAtMs: now + 60_000, cancelled: false };
    await other.changeSettings(1, { paused: false });
    const { admitted } = await other.admit(1, sale);
    await stream.ended();
    assert.equal(
      stream.events.map(({ name }) => name),
      ["position", "pass"],
    );
    // Whoever was quicker to look issued it; there is one.
    const status = await queue.http<Status>("queue", "/queue/1/status", { token });
    for (const one of admitted) assert.is(one.passToken, status.body.passToken);
    assert.is((await other.stats(1)).admittedTotal, 1);
  } finally {
    await queue.stop();
    await other.close();
  }
});

test("settings, places and passes are the same at each process", async () => {
  await stage.client.flushall();
  const settings = { REDIS_URL: stage.url, PERMITS_PER_MINUTE: PERMITS };
  const [a, b] = [await startStreamQueue(settings), await startStreamQueue(settings)];
  try {
    const admin = [await a.token(1, "ADMIN"), await b.token(1, "ADMIN")] as const;
    const pause = (paused: boolean) => {
      const call = { method: "PATCH", token: admin[1], body: { paused } };
      return b.http("queue", "/queue/1/settings", call);
    };
    await pause(true);
    for (const id of [7, 8]) {
      const at = id === 7 ? a : b;
      await at.http("queue", "/queue/1/enqueue", post(await at.token(id)));
    }
    const ask = async (at: typeof a, id: number) =>
      (await at.http<Status>("queue", "/queue/1/status", { token: await at.token(id) })).body;
    assert.equal([(await ask(a, 8)).position, (await ask(b, 8)).position], [1, 1]);
    await pause(false);
    const pass = await eventually(
      () => ask(a, 8),
      (one) => one.passReady,
    );
    assert.is((await ask(b, 8)).passToken, pass.passToken);
    const stats = await a.http<Stats>("queue", "/queue/1/stats", { token: admin[0] });
    assert.equal([stats.body.admittedTotal, stats.body.waiting], [2, 0]);
  } finally {
    await a.stop();
    await b.stop();
  }
});

test.after(() => stage.stop());
test.run();
