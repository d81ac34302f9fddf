/** The order statistic behind positions, held against a plain sorted list. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SequenceSet } from "./sequence-set.ts";

test("counts like a sorted list, whatever was added, deleted and added again", () => {
  const number = fc.oneof(fc.nat(40), fc.nat(5_000), fc.nat(3_000_000));
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

test("every bit of a word, a page and a tree node is counted once", () => {
  const set = new SequenceSet();
  const many = 140_000;
  for (let sequence = many - 1; sequence >= 0; sequence--) set.add(sequence);
  for (let sequence = 0; sequence < many; sequence += 997) {
    assert.is(set.countBelow(sequence), sequence);
  }
  assert.is(set.countBelow(10 * many), many);
  for (let sequence = 0; sequence < many; sequence++) {
    assert.is(set.first(), sequence);
    set.delete(sequence);
  }
  assert.is(set.first(), undefined);
});

test("what is no arrival number is refused", () => {
  const set = new SequenceSet();
  for (const odd of [-1, 0.5, Number.NaN, 2 ** 53]) assert.throws(() => set.add(odd), RangeError);
});

test.run();
