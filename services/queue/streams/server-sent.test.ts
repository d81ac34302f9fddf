/** The text of a stream: ids, events, retry. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { habitOf } from "../advice.ts";
import { admitted, waiting } from "../testing/stream-stage.ts";
import { lastEventId, newsEvent, newsId, retryField } from "./server-sent.ts";

test("the same news has the same id, other news another", () => {
  const all = [waiting(0), waiting(1), waiting(11), admitted("pass_a"), admitted("pass_b")];
  const ids = [1, 11].flatMap((eventId) => all.map((news) => newsId(eventId, news)));
  assert.is(new Set(ids).size, ids.length);
  assert.equal(
    ids,
    [1, 11].flatMap((eventId) => all.map((news) => newsId(eventId, news))),
  );
  for (const id of ids) assert.is(lastEventId(id), id, "short enough to be kept");
});

test("the id of a pass does not tell the pass", () => {
  const token = "pass_0b8e4c0e-6a4e-4b7e-9d0c-2f1f6a3c9b11";
  const id = newsId(1, admitted(token));
  for (let at = 0; at + 6 <= token.length; at++) assert.not.match(id, token.slice(at, at + 6));
  assert.match(id, /^1-pass-[\w-]{16}$/);
});

test("an event is its name, its id and the body of the status route in one line", () => {
  const [name, id, data, ...rest] = newsEvent("7-at-3", waiting(3)).split("\n");
  assert.equal([name, id, rest], ["event: position", "id: 7-at-3", ["", ""]]);
  assert.equal(JSON.parse(data!.slice("data: ".length)), {
    position: 3,
    passReady: false,
    passToken: null,
    passExpiresAt: null,
    estimatedWaitSeconds: 60,
    pollAfterSeconds: 30,
  });
});

test("a Last-Event-ID that cannot be ours is not kept", () => {
  assert.is(lastEventId(undefined), undefined);
  assert.is(lastEventId(["1-at-1", "1-at-2"]), undefined);
  assert.is(lastEventId("x".repeat(65)), undefined);
});

test("clients wait 2 to 5 s before they come back, each its own time, always the same", () => {
  const waitMs = (client: number) => {
    const field = retryField(habitOf(1, String(client)));
    return Number(/^retry: (\d+)\n\n$/.exec(field)?.[1]);
  };
  const clients = Array.from({ length: 10_000 }, (_, client) => client);
  const tenths = new Array<number>(10).fill(0);
  for (const client of clients) {
    const ms = waitMs(client);
    assert.ok(ms >= 2_000 && ms <= 5_000, `${ms}`);
    assert.is(waitMs(client), ms);
    const tenth = Math.min(9, Math.floor((ms - 2_000) / 300));
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  for (const share of tenths) assert.ok(share > 800 && share < 1_200, `${tenths}`);
});

test.run();
