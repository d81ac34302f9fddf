/** Streams through HTTP: position, pass, resuming, and what bounds them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Clock } from "../../common/clock.ts";
import type { Place, Status } from "../../common/contracts/queue.ts";
import type { ProblemBody } from "../../common/errors.ts";
import { eventually } from "../../common/testing/service-harness.ts";
import { post } from "../testing/queue-stage.ts";
import { StreamClient, type StreamQueue, startStreamQueue } from "../testing/stream-queue.ts";

async function withStreams(
  body: (queue: StreamQueue, set: (settings: object) => Promise<unknown>) => Promise<void>,
  clock?: Clock,
): Promise<void> {
  const settings = { PERMITS_PER_MINUTE: "6000", WAITING_TTL_SECONDS: "60" };
  const queue = await startStreamQueue(settings, clock);
  const token = await queue.token(1, "ADMIN");
  const set = (settings: object) =>
    queue.http("queue", "/queue/1/settings", { method: "PATCH", token, body: settings });
  try {
    await set({ paused: true });
    await body(queue, set);
  } finally {
    await queue.stop();
  }
}

const join = (queue: StreamQueue, token: string) =>
  queue.http<Place>("queue", "/queue/1/enqueue", post(token));
const leave = (queue: StreamQueue, token: string) =>
  queue.http("queue", "/queue/1", { method: "DELETE", token });

test("a stream tells the position, then the pass once, and ends", async () => {
  await withStreams(async (queue, set) => {
    const [ahead, token] = [await queue.token(5), await queue.token(6)];
    const missing = await queue.http<ProblemBody>("queue", "/queue/1/stream", { token });
    assert.equal([missing.status, missing.body.code], [404, "NOT_IN_QUEUE"]);
    for (const one of [ahead, token]) await join(queue, one);
    const stream = await StreamClient.open(queue.url, token);
    assert.is(stream.status, 200);
    assert.match(stream.contentType, "text/event-stream");
    assert.match(stream.text, /^retry: [2-5]\d{3}\n\n/);
    await stream.told(1);
    assert.is((await leave(queue, ahead)).status, 204);
    assert.is((await leave(queue, ahead)).status, 204);
    await stream.told(2);
    await set({ paused: false });
    await stream.ended();
    const told = stream.events.map(({ name, position }) => `${name} ${position}`);
    assert.equal(told, ["position 1", "position 0", "pass 0"]);
    assert.is(stream.text.match(/"passToken":"pass_/g)?.length, 1);
    const { body } = await queue.http<Status>("queue", "/queue/1/status", { token });
    assert.match(stream.text, `"passToken":"${body.passToken}"`);
    const metrics = (await queue.http<string>("queue", "/metrics")).body;
    assert.match(metrics, 'route="/queue/:eventId/status"');
    assert.not.match(metrics, 'route="/queue/:eventId/stream"', "its length is no duration");
  });
});

test("a client that connects again is told what has changed since, and is stopped by its pass", async () => {
  await withStreams(async (queue, set) => {
    const [ahead, token] = [await queue.token(5), await queue.token(6)];
    for (const one of [ahead, token]) await join(queue, one);
    const open = (id?: string) =>
      StreamClient.open(queue.url, token, id === undefined ? {} : { "last-event-id": id });
    const first = await open();
    await first.told(1);
    first.close();
    const seen = first.events.at(-1)?.id;

    const unchanged = await open(seen);
    await eventually(
      async () => unchanged.text,
      (text) => text.includes(": resumed\n\n"),
    );
    await leave(queue, ahead);
    await unchanged.told(1);
    assert.equal(unchanged.events.map(({ position }) => position).slice(0, 1), [0]);
    unchanged.close();
    const changed = await open(seen);
    await changed.told(1);
    assert.is(changed.events[0]?.position, 0);
    const odd = await open("x".repeat(4_000));
    await odd.told(1);

    await set({ paused: false });
    for (const stream of [changed, odd]) await stream.ended();
    assert.equal(
      changed.events.map(({ name }) => name),
      ["position", "pass"],
    );
    const passId = changed.events.at(-1)?.id;
    assert.is((await open(passId)).status, 204);
    assert.is((await open(passId)).status, 204);
    const late = await open(seen);
    await late.ended();
    assert.equal(
      late.events.map(({ name, id }) => `${name} ${id}`),
      [`pass ${passId}`],
      "one who has not seen it",
    );

    await set({ paused: true });
    await leave(queue, token);
    assert.is((await open(passId)).status, 404);
    await join(queue, token);
    const again = await open(passId);
    await again.told(1);
    await set({ paused: false });
    await again.ended();
    assert.equal(
      again.events.map(({ name }) => name),
      ["position", "pass"],
    );
    assert.is.not(again.events.at(-1)?.id, passId);
  });
});

test("with its ticket a client that was forgotten streams from its old place", async () => {
  let skippedMs = 0;
  const clock = { now: () => Date.now() + skippedMs };
  await withStreams(async (queue) => {
    const [token, other] = [await queue.token(6), await queue.token(7)];
    const { body } = await join(queue, token);
    skippedMs += 61_000;
    await join(queue, other);
    assert.is((await StreamClient.open(queue.url, token)).status, 404);
    const stream = await StreamClient.open(queue.url, token, {
      "x-queue-ticket": body.queueTicket,
    });
    assert.is(stream.status, 200);
    await stream.told(1);
    assert.is(stream.events[0]?.position, 0, "ahead of one who came later");
    stream.close();
  }, clock);
});

test("open streams do not keep the service from stopping, and are bounded a client", async () => {
  const open: StreamClient[] = [];
  await withStreams(async (queue) => {
    const token = await queue.token(6);
    await join(queue, token);
    for (let one = 0; one < 4; one++) open.push(await StreamClient.open(queue.url, token));
    const fifth = await queue.http<ProblemBody>("queue", "/queue/1/stream", { token });
    assert.equal([fifth.status, fifth.body.code], [429, "RATE_LIMITED"]);
    assert.ok(Number(fifth.headers.get("retry-after")) > 0);
  });
  for (const stream of open) await stream.ended();
});

test.run();
