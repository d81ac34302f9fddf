/** The heap of deadlines, held against sorting. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DeadlineHeap, type Timed } from "./deadline-heap.ts";

test("gives out what is due, soonest first, also after items were moved and cancelled", () => {
  const move = fc.record({
    item: fc.nat(15),
    what: fc.constantFrom("schedule", "schedule", "schedule", "cancel", "take"),
    atMs: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 100 }), (moves) => {
      const items = Array.from({ length: 16 }, (): Timed => ({ deadlineMs: 0, heapIndex: -1 }));
      const heap = new DeadlineHeap<Timed>();
      const model = new Map<Timed, number>();
      for (const { item, what, atMs } of moves) {
        const one = items[item]!;
        if (what === "schedule") {
          heap.schedule(one, atMs);
          model.set(one, atMs);
        } else if (what === "cancel") {
          heap.cancel(one);
          model.delete(one);
        } else {
          const soonest = Math.min(Infinity, ...model.values());
          const taken = heap.takeDue(atMs);
          assert.is(
            taken === undefined ? undefined : model.get(taken),
            soonest <= atMs ? soonest : undefined,
          );
          if (taken) model.delete(taken);
        }
        assert.is(heap.size, model.size);
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
