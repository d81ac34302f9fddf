/** What a stream tells and when, and what many of them cost; on driven time, without sockets. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../common/limits.ts";
import { admitted, StreamStage, settled, waiting } from "../testing/stream-stage.ts";
import { POLL_MS, SLOTS, TICK_MS } from "./position-streams.ts";

const SILENT = new Error("the store is silent");

test("a position is told when it changes, and not again", async () => {
  const stage = new StreamStage();
  stage.news.set("5", waiting(7));
  const reader = await stage.open("5");
  assert.match(reader.head, /^HTTP\/1.1 200 /);
  assert.match(reader.head.toLowerCase(), "content-type: text/event-stream");
  assert.match(reader.blocks[0] ?? "", /^retry: [2-5]\d{3}$/);
  await stage.time.pass(3 * POLL_MS);
  assert.equal(reader.told, ["position 7"]);
  stage.news.set("5", waiting(6));
  await stage.time.pass(POLL_MS);
  assert.equal(reader.told, ["position 7", "position 6"]);
  stage.streams.close();
});

test("however often a client is woken, it is told one position a second at most", async () => {
  const stage = new StreamStage();
  stage.news.set("5", waiting(10_000));
  const reader = await stage.open("5");
  for (let position = 9_999; position > 9_000; position--) {
    stage.news.set("5", waiting(position));
    stage.streams.wake(1, ["5"]);
    await stage.time.pass(TICK_MS);
  }
  const seconds = (999 * TICK_MS) / 1_000;
  assert.ok(reader.told.length <= seconds + 1, `${reader.told.length} in ${seconds} s`);
  await stage.time.pass(POLL_MS);
  assert.is(reader.told.at(-1), "position 9001", "the latest is always told");
  stage.streams.close();
});

test("the pass is told once, however the news comes, and ends the stream", async () => {
  const stage = new StreamStage();
  stage.news.set("5", waiting(0));
  const reader = await stage.open("5");
  stage.news.set("5", admitted("pass_a"));
  for (let woken = 0; woken < 5; woken++) stage.streams.wake(1, ["5"]);
  await settled();
  await stage.time.pass(2 * POLL_MS);
  stage.streams.wake(1, ["5"]);
  await settled();
  assert.equal(reader.told, ["position 0", "pass"]);
  assert.ok(reader.ended);
  assert.is(stage.streams.size, 0);
  assert.not.ok(stage.time.ticking, "nobody to look after, no timer");
});

test("one who is admitted while a poll is under way is not left waiting for the next", async () => {
  const stage = new StreamStage();
  const reader = await stage.open("5");
  const { promise, resolve } = Promise.withResolvers<void>();
  stage.hold = promise;
  stage.streams.wake(1, ["5"]);
  stage.news.set("5", admitted("pass_a"));
  stage.streams.wake(1, ["5"]);
  assert.is(stage.polls.length, 1, "one poll at a time");
  resolve();
  await settled();
  assert.equal(reader.told, ["position 0", "pass"]);
});

test("a client no longer in line is not told so: its stream ends", async () => {
  const stage = new StreamStage();
  const reader = await stage.open("5");
  stage.news.set("5", { result: "notInLine" });
  await stage.time.pass(POLL_MS);
  assert.equal([reader.told, reader.ended, stage.streams.size], [["position 0"], true, 0]);
});

test("resuming: what was seen last is not told again, anything else at once", async () => {
  const stage = new StreamStage();
  stage.news.set("5", waiting(7));
  const { lastId } = await stage.open("5");
  const same = await stage.open("5", { lastEventId: lastId });
  assert.match(same.head, /^HTTP\/1.1 200 /);
  assert.equal(same.blocks.slice(1), [": resumed"], "headers and a comment");
  for (const other of ["2-at-7", "nonsense", "%00", "x".repeat(5_000), `${lastId}, ${lastId}`]) {
    const reader = await stage.open("6", { lastEventId: other });
    assert.equal(reader.told, ["position 0"], other);
    reader.destroy();
    await settled();
  }
  stage.news.set("5", waiting(6));
  const changed = await stage.open("5", { lastEventId: lastId });
  assert.equal(changed.told, ["position 6"]);
  await stage.time.pass(POLL_MS);
  assert.equal(same.told, ["position 6"]);
  stage.news.set("5", admitted("pass_a"));
  const passed = await stage.open("5", { lastEventId: changed.lastId });
  assert.equal(passed.told, ["pass"]);
  stage.news.set("5", admitted("pass_b"));
  assert.equal((await stage.open("5", { lastEventId: passed.lastId })).told, ["pass"], "a newer");
  stage.streams.close();
});

test("a silent store: heartbeats within 15 s, no position made up, and the news afterwards", async () => {
  const stage = new StreamStage();
  stage.news.set("5", waiting(7));
  const reader = await stage.open("5");
  const before = reader.blocks.length;
  stage.news.set("5", SILENT);
  for (let beats = 1; beats <= 8; beats++) {
    await stage.time.pass(15_000);
    const since = reader.blocks.slice(before);
    assert.ok(since.length >= beats && since.length <= beats * 1.3, `${since.length} in ${beats}`);
    assert.ok(since.every((block) => block === ": still here"));
  }
  stage.news.set("5", waiting(3));
  await stage.time.pass(POLL_MS);
  assert.equal(reader.told, ["position 7", "position 3"]);
  // One that never answers is no different.
  stage.hold = new Promise(() => {});
  const count = reader.blocks.length;
  await stage.time.pass(30_000);
  assert.ok(reader.blocks.length >= count + 2);
  assert.ok(!reader.ended);
  stage.streams.close();
});

test("a stuck reader is written nothing, told the latest when it drains, cut off after 30 s", async () => {
  const stage = new StreamStage();
  const [slow, dead] = [await stage.open("5"), await stage.open("6")];
  slow.stuck = true;
  dead.stuck = true;
  let most = 0;
  for (let position = 1; position <= 2_000; position++) {
    for (const client of ["5", "6"]) stage.news.set(client, waiting(position));
    stage.streams.wake(1, ["5", "6"]);
    if (position % 10 === 0) await stage.time.pass(TICK_MS);
    else await settled();
    most = Math.max(most, stage.streams.bufferedBytes);
  }
  assert.ok(most > 0 && most < 2 * 512, `${most} bytes`);
  await slow.drain();
  assert.is(stage.streams.size, 2);
  // A heartbeat may be due first.
  await stage.time.pass(2 * POLL_MS);
  assert.is(slow.told.at(-1), "position 2000");
  assert.ok(slow.told.length < 20);
  await stage.time.pass(LIMITS.streamStuckMs);
  assert.equal([slow.destroyed, dead.destroyed, stage.streams.size], [false, true, 1]);
  stage.streams.close();
});

test("closing ends all, waits for no stuck reader, and opens no more", async () => {
  const stage = new StreamStage();
  const readers = [await stage.open("5"), await stage.open("6")] as const;
  readers[1].stuck = true;
  stage.news.set("6", waiting(4));
  await stage.time.pass(2 * POLL_MS);
  assert.ok(stage.streams.bufferedBytes > 0);
  stage.streams.close();
  await settled();
  assert.equal([readers[0].ended, readers[1].destroyed, stage.streams.size], [true, true, 0]);
  assert.is(stage.streams.opening({ eventId: 1, clientId: "7" }), "full");
});

test("a stream ends after half an hour, when its client's token is due for a look", async () => {
  const stage = new StreamStage();
  const reader = await stage.open("5");
  await stage.time.pass(LIMITS.streamMs - POLL_MS);
  assert.ok(!reader.ended);
  await stage.time.pass(2 * POLL_MS);
  assert.ok(reader.ended);
});

test("the queue ticket goes along with every poll of its stream", async () => {
  const stage = new StreamStage();
  await stage.open("5", { queueTicket: "ticket-5" });
  await stage.open("6");
  await stage.time.pass(2 * POLL_MS);
  const sent = new Map(stage.polls.map(({ clientId, queueTicket }) => [clientId, queueTicket]));
  assert.equal([...sent].sort(), [
    ["5", "ticket-5"],
    ["6", undefined],
  ]);
  assert.is(stage.polls.length, 4);
  stage.streams.close();
});

test("polls are spread over their 2 s, also after a crowd was woken and many have left", async () => {
  const stage = new StreamStage();
  const readers = await Promise.all(
    Array.from({ length: 1_000 }, (_, client) => stage.open(`c${client}`)),
  );
  const perTick = async () => {
    const counts: number[] = [];
    for (let tick = 0; tick < SLOTS; tick++) {
      stage.polls = [];
      await stage.time.pass(TICK_MS);
      counts.push(stage.polls.length);
    }
    return counts;
  };
  assert.equal(await perTick(), new Array(SLOTS).fill(50));
  stage.polls = [];
  stage.streams.wake(
    1,
    Array.from({ length: 400 }, (_, client) => `c${client}`).concat("stranger"),
  );
  assert.ok(stage.polls.length > 0 && stage.polls.length < 400, "others are served in between");
  await settled();
  await settled();
  assert.is(stage.polls.length, 400, "only those who are named");
  assert.equal(await perTick(), new Array(SLOTS).fill(50));
  for (const [at, reader] of readers.entries()) if (at % SLOTS < 10) reader.destroy();
  await settled();
  for (let client = 0; client < 500; client++) await stage.open(`d${client}`);
  assert.equal(await perTick(), new Array(SLOTS).fill(50));
  stage.streams.close();
});

test("open streams are bounded, for each client and in all; one that closes makes room", async () => {
  const stage = new StreamStage();
  const opening = (clientId: string) => stage.streams.opening({ eventId: 1, clientId });
  const own = [];
  for (let one = 0; one < LIMITS.streamsPerClient; one++) {
    assert.is(opening("5"), "mayOpen");
    own.push(await stage.open("5"));
  }
  assert.equal([opening("5"), opening("6")], ["tooMany", "mayOpen"]);
  own[0]?.destroy();
  await settled();
  assert.is(opening("5"), "mayOpen");
  while (stage.streams.size < LIMITS.streams) {
    await Promise.all(
      Array.from({ length: Math.min(500, LIMITS.streams - stage.streams.size) }, (_, one) =>
        stage.open(`c${stage.streams.size}-${one}`),
      ),
    );
  }
  assert.is(opening("6"), "full");
  own[1]?.destroy();
  await settled();
  assert.is(opening("6"), "mayOpen");
  stage.streams.close();
});

test.run();
