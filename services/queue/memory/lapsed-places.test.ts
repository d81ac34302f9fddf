/** Whom silence has cost a place, held against a plain map. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LapsedPlaces } from "./lapsed-places.ts";

test("of each client the earliest place is kept, and of too many the latest goes", () => {
  const most = 4;
  const client = fc.nat(8).map((id) => `c${id}`);
  const step = fc.tuple(client, fc.option(fc.nat(20), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const lapsed = new LapsedPlaces(most);
      const model = new Map<string, number>();
      for (const [id, sequence] of steps) {
        if (sequence === undefined) {
          lapsed.forget(id);
          model.delete(id);
        } else {
          lapsed.remember(id, sequence);
          model.set(id, Math.min(sequence, model.get(id) ?? Infinity));
        }
        const byPlace = [...model].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
        for (const [late] of byPlace.slice(most)) model.delete(late);
        for (let at = 0; at <= 8; at++) {
          assert.is(lapsed.earliestOf(`c${at}`), model.get(`c${at}`));
        }
      }
    }),
  );
});

test.run();
