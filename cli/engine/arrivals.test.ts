/** Arrivals: a burst, a ramp, a Poisson stream. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { arrivalTimes, BURST_MS, countDropped } from "./arrivals.ts";

const PLAN = { seed: 42, clients: 5_000, arrivalSeconds: 60 } as const;

test("a burst is over within its 200 ms and fills them", () => {
  const times = arrivalTimes({ ...PLAN, arrivals: "burst" });
  assert.ok(times.every((at) => at >= 0 && at < BURST_MS));
  for (let slice = 0; slice < 4; slice += 1) {
    const inSlice = times.filter((at) => Math.floor(at / 50) === slice).length;
    assert.ok(Math.abs(inSlice - 1_250) < 150, `${inSlice} in slice ${slice}`);
  }
});

test("a ramp is even, from the first moment on", () => {
  const times = arrivalTimes({ ...PLAN, arrivals: "ramp" });
  assert.is(times[0], 0);
  for (let i = 1; i < times.length; i += 1) {
    assert.ok(Math.abs(times[i]! - times[i - 1]! - 12) < 1e-6);
  }
  assert.ok(times.at(-1)! < 60_000);
});

test("a Poisson stream keeps its mean rate, and its gaps vary as much as they are long", () => {
  const times = arrivalTimes({ ...PLAN, arrivals: "poisson" });
  const gaps = times.map((at, i) => at - (times[i - 1] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  assert.ok(Math.abs(mean - 12) < 0.6, `mean ${mean}`);
  assert.ok(Math.abs(Math.sqrt(variance) - 12) < 1, `deviation ${Math.sqrt(variance)}`);
  assert.ok(gaps.every((gap) => gap >= 0));
});

test("the same seed gives the same arrivals, another seed others", () => {
  const once = arrivalTimes({ ...PLAN, arrivals: "poisson" });
  assert.equal(arrivalTimes({ ...PLAN, arrivals: "poisson" }), once);
  assert.not.equal(arrivalTimes({ ...PLAN, seed: 43, arrivals: "poisson" }), once);
});

test("more clients change nobody's time in a burst", () => {
  const few = arrivalTimes({ ...PLAN, clients: 10, arrivals: "burst" });
  const many = arrivalTimes({ ...PLAN, arrivals: "burst" });
  assert.equal(many.subarray(0, 10), few);
});

test("an arrival is dropped when it was late and never began, not when the end came first", () => {
  const arrivals = Float64Array.from([0, 900, 989, 990, 997.6, 1_500]);
  assert.is(
    countDropped(arrivals, 1_000, () => true),
    3,
  );
  assert.is(
    countDropped(arrivals, 1_000, (client) => client === 1),
    1,
  );
  assert.is(
    countDropped(arrivals, 1_000, (client) => client >= 3),
    0,
  );
});

test.run();
