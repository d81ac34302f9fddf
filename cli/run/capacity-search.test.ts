import { test } from "uvu";
import * as assert from "uvu/assert";
import { highestHolding, nextRate, type SearchLimits, type Tried } from "./capacity-search.ts";

const LIMITS: SearchLimits = { from: 10, most: 10_000, within: 0.1 };

/** A target that holds up to a rate, searched to the end. */
function search(capacity: number, limits = LIMITS) {
  const tried: Tried[] = [];
  for (let rate = nextRate(tried, limits); rate !== undefined; rate = nextRate(tried, limits)) {
    tried.push({ rate, holds: rate <= capacity });
    assert.ok(tried.length < 40, "it ends");
  }
  return { found: highestHolding(tried), steps: tried.length };
}

test("the highest rate is found to a tenth, from below", () => {
  for (const capacity of [1, 7, 10, 33, 100, 333, 2_047, 9_999]) {
    const { found } = search(capacity);
    assert.ok(found !== undefined && found <= capacity, `${found} of ${capacity}`);
    assert.ok(capacity - found <= Math.max(1, capacity * 0.1), `${found} of ${capacity}`);
  }
});

test("it takes few steps", () => {
  assert.ok(search(2_047).steps <= 13);
});

test("a target that never fails is not tried beyond the most, one that always does has no rate", () => {
  assert.is(search(1_000_000).found, 10_000);
  assert.is(search(0).found, undefined);
});

test.run();
