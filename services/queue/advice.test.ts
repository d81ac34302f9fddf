/** What waiting clients are told. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AdmissionSettings, Issued } from "./admission.ts";
import { adviseAdmitted, adviseWaiting, estimateWaitMs, habitOf } from "./advice.ts";

const NOW_MS = 1_700_000_000_000;
const NOTHING: Issued = { times: [], nextPermitAtMs: NOW_MS, closedUntilMs: -Infinity };
const SMOOTH: AdmissionSettings = { permitsPerMinute: 100, pacing: "smooth", paused: false };
const lineAt = (settings = SMOOTH, opensAtMs?: number, issued = NOTHING) => {
  return { issued, nowMs: NOW_MS, settings, opensAtMs };
};

test("the longest interval is 30 to 60 s, the same at each call, and spread over clients", () => {
  const seen = new Set<number>();
  for (let client = 0; client < 2_000; client++) {
    const habit = habitOf(1, String(client));
    assert.equal(habit, habitOf(1, String(client)));
    assert.ok(habit.longestSeconds >= 30 && habit.longestSeconds <= 60);
    assert.ok(habit.factor >= 0.85 && habit.factor <= 1.15 + 1e-9);
    seen.add(habit.longestSeconds);
  }
  assert.is(seen.size, 31);
});

test("polls are whole seconds from 1 up to the longest, about half the estimated wait", () => {
  fc.assert(
    fc.property(
      fc.nat(5_000),
      fc.integer({ min: 1, max: 6_000 }),
      fc.nat(9_999),
      (at, rate, id) => {
        const habit = habitOf(7, String(id));
        const settings = { ...SMOOTH, permitsPerMinute: rate };
        const advice = adviseWaiting(at, lineAt(settings), habit);
        const { pollAfterSeconds: poll, estimatedWaitSeconds: wait } = advice;
        assert.ok(Number.isInteger(poll) && poll >= 1 && poll <= habit.longestSeconds);
        assert.ok(Number.isInteger(wait) && wait >= 0);
        assert.ok(poll <= Math.max(1, Math.ceil(0.5 * 1.15 * wait) + 1));
        if (wait >= 10 && poll < habit.longestSeconds)
          assert.ok(poll >= Math.floor(0.4 * wait) - 1);
      },
    ),
  );
});

test("the estimate follows position and rate", () => {
  assert.is(estimateWaitMs(0, lineAt()), 0);
  assert.is(estimateWaitMs(100, lineAt()), 60_000);
  assert.is(estimateWaitMs(100, lineAt({ ...SMOOTH, permitsPerMinute: 6_000 })), 1_000);
});

test("with burst pacing the estimate goes by whole windows", () => {
  const burst: AdmissionSettings = { ...SMOOTH, pacing: "burst" };
  assert.is(estimateWaitMs(99, lineAt(burst)), 0);
  const full: Issued = { ...NOTHING, times: Array(100).fill(NOW_MS - 20_000) };
  assert.is(estimateWaitMs(0, lineAt(burst, undefined, full)), 40_001);
  assert.is(estimateWaitMs(99, lineAt(burst, undefined, full)), 40_001);
  assert.is(estimateWaitMs(100, lineAt(burst, undefined, full)), 100_001);
});

test("while a room recovers the estimate begins where it opens, or at the sale if that is later", () => {
  const issued: Issued = { ...NOTHING, closedUntilMs: NOW_MS + 30_000 };
  const burst: AdmissionSettings = { ...SMOOTH, pacing: "burst" };
  for (const settings of [SMOOTH, burst]) {
    assert.is(estimateWaitMs(0, lineAt(settings, undefined, issued)), 30_000);
    assert.is(estimateWaitMs(0, lineAt(settings, NOW_MS + 10_000, issued)), 30_000);
    assert.is(estimateWaitMs(0, lineAt(settings, NOW_MS + 50_000, issued)), 50_000);
  }
  assert.is(estimateWaitMs(50, lineAt(SMOOTH, undefined, issued)), 60_000);
  assert.is(estimateWaitMs(100, lineAt(burst, undefined, issued)), 30_000 + 60_001);
});

test("before the sale the next poll is due when it begins, or at the longest interval", () => {
  const habit = { longestSeconds: 45, factor: 1 };
  assert.is(adviseWaiting(0, lineAt(SMOOTH, NOW_MS + 20_000), habit).pollAfterSeconds, 20);
  assert.is(adviseWaiting(0, lineAt(SMOOTH, NOW_MS + 20_000), habit).estimatedWaitSeconds, 20);
  assert.is(adviseWaiting(0, lineAt(SMOOTH, NOW_MS + 900_000), habit).pollAfterSeconds, 45);
});

test("a client with a pass need not hurry", () => {
  const habit = { longestSeconds: 45, factor: 1 };
  assert.equal(adviseAdmitted(300_000, habit), { estimatedWaitSeconds: 0, pollAfterSeconds: 45 });
  assert.is(adviseAdmitted(10, habit).pollAfterSeconds, 1);
});

test.run();
