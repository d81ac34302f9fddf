/** The scheduler, on a clock that the test turns. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Alarm, EngineClock } from "./clock.ts";
import { streamOf, whole } from "./rng.ts";
import { Scheduler } from "./scheduler.ts";

class FakeClock implements EngineClock {
  nowMs = 0;
  timersSet = 0;
  #timers: { readonly atMs: number; readonly ring: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  after(ms: number, ring: () => void): Alarm {
    this.timersSet += 1;
    const timer = { atMs: this.nowMs + ms, ring };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((one) => one !== timer);
      },
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Rings what is due on the way; `lateMs` makes each timer ring that much too late. */
  advance(toMs: number, lateMs = 0): void {
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.atMs + lateMs <= toMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== due);
      this.nowMs = Math.max(this.nowMs, due.atMs + lateMs);
      due.ring();
    }
    this.nowMs = toMs;
  }
}

function setUp(keys: number) {
  const clock = new FakeClock();
  const called: { key: number; dueMs: number; atMs: number }[] = [];
  const scheduler: Scheduler = new Scheduler(clock, keys, (key, dueMs) => {
    called.push({ key, dueMs, atMs: clock.nowMs });
  });
  return { clock, called, scheduler };
}

test("waits are called in the order of their due times, by one timer", () => {
  const { clock, called, scheduler } = setUp(1_000);
  const stream = streamOf(1, "traits");
  for (let key = 0; key < 1_000; key += 1) scheduler.at(key, whole(stream, 1, 10_000));
  assert.is(clock.timers, 1);
  clock.advance(10_000);
  assert.is(called.length, 1_000);
  for (let i = 1; i < called.length; i += 1) {
    assert.ok(called[i]!.dueMs >= called[i - 1]!.dueMs);
    assert.ok(called[i]!.atMs >= called[i]!.dueMs);
  }
  assert.is(clock.timers, 0);
});

test("lateness does not add up: a wait after a wait is due when it was asked for", () => {
  const clock = new FakeClock();
  const dues: number[] = [];
  const scheduler: Scheduler = new Scheduler(clock, 1, (key, dueMs) => {
    dues.push(dueMs);
    scheduler.at(key, dueMs + 100);
  });
  scheduler.at(0, 100);
  clock.advance(1_050, 7);
  assert.equal(dues, [100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
});

test("a key has one wait: a new one replaces it, earlier or later", () => {
  const { clock, called, scheduler } = setUp(3);
  scheduler.at(0, 500);
  scheduler.at(1, 300);
  scheduler.at(2, 400);
  scheduler.at(0, 100);
  scheduler.at(1, 600);
  assert.is(scheduler.dueOf(0), 100);
  clock.advance(1_000);
  assert.equal(
    called.map(({ key, dueMs }) => [key, dueMs]),
    [
      [0, 100],
      [2, 400],
      [1, 600],
    ],
  );
  assert.is(scheduler.dueOf(0), undefined);
});

test("what is due at once is called soon, not from within the asking", () => {
  const { clock, called, scheduler } = setUp(1);
  clock.nowMs = 50;
  scheduler.at(0, 20);
  assert.is(called.length, 0);
  clock.advance(50);
  assert.equal(called, [{ key: 0, dueMs: 20, atMs: 50 }]);
});

test("a long row of work gives the loop back between slices and loses nothing", () => {
  const clock = new FakeClock();
  let served = 0;
  const scheduler: Scheduler = new Scheduler(clock, 1_000, () => {
    served += 1;
    clock.nowMs += 0.1;
  });
  for (let key = 0; key < 1_000; key += 1) scheduler.at(key, 10);
  const before = clock.timersSet;
  clock.advance(1_000);
  assert.is(served, 1_000);
  assert.ok(clock.timersSet - before >= 10, `${clock.timersSet - before} slices`);
});

test("overdue work can be caught up with before the timer rings, a little at a time", () => {
  const clock = new FakeClock();
  let served = 0;
  const scheduler: Scheduler = new Scheduler(clock, 100, () => {
    served += 1;
    clock.nowMs += 0.1;
    scheduler.catchUp();
  });
  for (let key = 0; key < 100; key += 1) scheduler.at(key, 10);
  scheduler.catchUp();
  assert.is(served, 0);
  clock.nowMs = 10;
  scheduler.catchUp();
  assert.ok(served > 0 && served < 100, `${served}`);
  assert.is(clock.timers, 1);
  clock.advance(1_000);
  assert.is(served, 100);
});

test("held, nothing is called; released, everything that was due is", () => {
  const { clock, called, scheduler } = setUp(2);
  scheduler.at(0, 10);
  scheduler.hold();
  scheduler.at(1, 20);
  clock.advance(100);
  assert.is(called.length, 0);
  scheduler.release();
  clock.advance(200);
  assert.equal(
    called.map(({ key, dueMs }) => [key, dueMs]),
    [
      [0, 10],
      [1, 20],
    ],
  );
});

test("stopped, it forgets all waits and takes no new ones", () => {
  const { clock, called, scheduler } = setUp(2);
  scheduler.at(0, 10);
  scheduler.stop();
  scheduler.at(1, 20);
  clock.advance(100);
  assert.is(called.length, 0);
  assert.is(scheduler.size, 0);
  assert.is(clock.timers, 0);
});

test("against a plain list, thousands of random moves agree", () => {
  const { clock, called, scheduler } = setUp(50);
  const stream = streamOf(9, "traits");
  const plain = new Map<number, number>();
  for (let round = 0; round < 2_000; round += 1) {
    const key = whole(stream, 0, 49);
    const due = clock.nowMs + whole(stream, 1, 300);
    scheduler.at(key, due);
    plain.set(key, due);
    called.length = 0;
    clock.advance(clock.nowMs + whole(stream, 0, 20));
    const expected = [...plain].filter(([, at]) => at <= clock.nowMs);
    expected.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    for (const [gone] of expected) plain.delete(gone);
    assert.equal(
      called.map((one) => [one.key, one.dueMs]),
      expected,
    );
    assert.is(scheduler.size, plain.size);
  }
});

test.run();
