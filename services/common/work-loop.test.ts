import { test } from "uvu";
import * as assert from "uvu/assert";
import { WorkLoop } from "./work-loop.ts";

const HOUR_MS = 3_600_000;
const turn = () => new Promise(setImmediate);

function loopOf(look: () => Promise<number>, onError: (error: unknown) => void = () => {}) {
  return new WorkLoop({ look, onError, retryMs: HOUR_MS });
}

test("it rests until it is woken", async () => {
  let looks = 0;
  const loop = loopOf(async () => {
    looks += 1;
    return HOUR_MS;
  });
  loop.start();
  await turn();
  assert.is(looks, 1);
  loop.wake();
  await turn();
  assert.is(looks, 2);
  await loop.stop();
});

test("a wake-up during a look is not slept over", async () => {
  let looks = 0;
  const loop = loopOf(async () => {
    looks += 1;
    if (looks === 1) loop.wake();
    return HOUR_MS;
  });
  loop.start();
  await turn();
  assert.is(looks, 2);
  await loop.stop();
});

test("after a failure it rests, even when it was woken meanwhile", async () => {
  let looks = 0;
  const failures: unknown[] = [];
  const loop = loopOf(
    async () => {
      looks += 1;
      loop.wake();
      throw new Error("away");
    },
    (error) => failures.push(error),
  );
  loop.start();
  await turn();
  assert.is(looks, 1);
  assert.is(failures.length, 1);
  await loop.stop();
});

test("stopping waits for the look at hand, and there is no other", async () => {
  let looks = 0;
  let finish: () => void = () => {};
  const loop = loopOf(() => {
    looks += 1;
    return new Promise((resolve) => {
      finish = () => resolve(0);
    });
  });
  loop.start();
  const stopped = loop.stop();
  assert.is(loop.stopping, true);
  finish();
  await stopped;
  assert.is(looks, 1);
});

test.run();
