import { test } from "uvu";
import * as assert from "uvu/assert";
import { compare, interleave, median, notesOf } from "./ratio.ts";

const blocks = (...values: number[]) => values.map((value) => ({ value }));

test("rounds go there and back, and the first one is dropped", async () => {
  const order: string[] = [];
  const variant = (name: string) => async () => {
    order.push(name);
    return { value: order.length };
  };
  const measured = await interleave({ a: variant("a"), b: variant("b") }, 2);
  assert.is(order.join(""), "abbaab");
  assert.equal(measured, { a: blocks(4, 5), b: blocks(3, 6) });
});

test("the ratio is the median of the pairs' ratios, not the ratio of the medians", () => {
  const { ratio, spread, a, b } = compare(blocks(100, 50, 90), blocks(100, 100, 45));
  assert.is(ratio, 1);
  assert.equal(spread, { min: 0.5, max: 2 });
  assert.is(a, 90);
  assert.is(b, 100);
});

test("a variant that wanders by itself is called noisy", () => {
  assert.is(compare(blocks(100, 110, 124), blocks(1, 1, 1)).noisy, false);
  assert.is(compare(blocks(100, 110, 127), blocks(1, 1, 1)).noisy, false);
  assert.is(compare(blocks(100, 110, 140), blocks(1, 1, 1)).noisy, true);
});

test("unpaired blocks are no comparison", () => {
  assert.throws(() => compare([], []), "pairs");
  assert.throws(() => compare(blocks(1, 2), blocks(1)), "pairs");
});

test("the median of an even number lies between the two in the middle", () => {
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.is(median([3, 1, 2]), 2);
});

test("notes are medians under their variant's name", () => {
  const noted = [1, 9, 2].map((p99Ms) => ({ value: 1, notes: { p99Ms } }));
  assert.equal(notesOf("ours", noted), { "ours p99Ms": 2 });
});

test.run();
