/** The order statistic behind positions, held against a plain sorted list. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SequenceSet } from "./sequence-set.ts";

/** Where sequences of today lie: 4096 in a millisecond. */
const TODAY = 1_700_000_000_000 * 4_096;

test("counts like a sorted list, whatever was added, deleted and added again", () => {
  const number = fc.oneof(
    fc.nat(40),
    fc.integer({ min: -5_000, max: 5_000 }),
    fc.nat(3_000_000).map((offset) => TODAY + offset),
    fc.maxSafeInteger(),
  );
  const step = fc.tuple(fc.constantFrom("add", "delete"), number);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.array(number), (steps, asked) => {
      const set = new SequenceSet();
      const model = new Set<number>();
      for (const [what, sequence] of steps) {
        const changes = what === "add" ? !model.has(sequence) : model.has(sequence);
        assert.is(what === "add" ? set.add(sequence) : set.delete(sequence), changes);
        if (what === "add") model.add(sequence);
        else model.delete(sequence);
        const sorted = [...model].sort((a, b) => a - b);
        assert.is(set.first(), sorted[0]);
        assert.is(set.last(), sorted.at(-1));
        assert.is(set.size, sorted.length);
        assert.is(set.countBelow(sequence), sorted.filter((one) => one < sequence).length);
      }
      for (const sequence of asked) {
        assert.is(set.has(sequence), model.has(sequence));
        const below = [...model].filter((one) => one < sequence).length;
        assert.is(set.countBelow(sequence), below);
      }
    }),
    { numRuns: 300 },
  );
});

/** The numbers from 0 to below `count`, each once, in an order that jumps about. */
function scattered(count: number, stride = 7_919): number[] {
  return Array.from({ length: count }, (_, at) => (at * stride) % count);
}

test("blocks that split, shrink and join lose nobody and count nobody twice", () => {
  const many = 140_000;
  const set = new SequenceSet();
  for (const at of scattered(many)) assert.ok(set.add(TODAY + at));
  for (let at = 0; at < many; at += 997) assert.is(set.countBelow(TODAY + at), at);
  assert.is(set.countBelow(TODAY + 10 * many), many);
  // One of 100 stays, so that most blocks join their neighbours.
  for (const at of scattered(many)) if (at % 100 !== 0) assert.ok(set.delete(TODAY + at));
  assert.is(set.size, many / 100);
  for (let at = 0; at < many; at += 50) {
    assert.is(set.countBelow(TODAY + at), Math.ceil(at / 100));
    assert.is(set.has(TODAY + at), at % 100 === 0);
  }
  for (let at = 0; at < many; at++) assert.is(set.add(TODAY + at), at % 100 !== 0);
  for (let at = 0; at < many; at++) {
    assert.is(set.first(), TODAY + at);
    set.delete(TODAY + at);
  }
  assert.equal([set.first(), set.last(), set.size], [undefined, undefined, 0]);
});

test("what no number can tell apart from its neighbour is refused", () => {
  const set = new SequenceSet();
  for (const odd of [0.5, Number.NaN, Infinity, 2 ** 53, -(2 ** 53)]) {
    assert.throws(() => set.add(odd), RangeError);
  }
});

test.run();
