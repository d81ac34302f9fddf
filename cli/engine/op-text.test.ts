/** Lines written by hand, beside what JSON.stringify makes of them. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Op } from "../judge/history.ts";
import { type Line, micro, opText } from "./op-text.ts";

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const times = fc.double({ min: -1, max: 1e10, noNaN: true }).map(micro);
const counts = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e300, noNaN: true }));

// In the order in which the recorder makes them.
const lines: fc.Arbitrary<Line<Op>> = fc
  .record({
    kind: fc.constant("op" as const),
    id: fc.nat(),
    client: fc.nat(),
    intendedMs: times,
    invokedMs: times,
    endedMs: times,
    outcome: fc.constantFrom("ok" as const, "fail" as const, "unknown" as const),
    status: some(fc.integer({ min: 100, max: 999 })),
    code: some(fc.string({ unit: "binary" })),
    attack: some(fc.constant("poll-flood" as const)),
    habit: some(fc.constant("retry" as const)),
    op: fc.constant("poll" as const),
    position: some(counts),
    pollAfterSeconds: some(counts),
    pass: some(fc.string({ unit: "binary" })),
    passExpiresAt: some(fc.string({ unit: "binary" })),
  })
  // The record's own objects have a prototype, and zero without a sign.
  .map((line) => ({ ...line, intendedMs: line.intendedMs + 0 }));

test("a poll is written to the letter as JSON.stringify writes it", () => {
  fc.assert(
    fc.property(lines, (line) => {
      assert.is(opText(line), JSON.stringify(line));
    }),
    { numRuns: 2_000 },
  );
});

test("any other operation is JSON as well", () => {
  const times = { intendedMs: 1, invokedMs: 1.5, endedMs: 2.001 };
  const leave = { kind: "op", id: 1, client: 2, ...times, outcome: "ok", op: "leave" } as const;
  assert.equal(JSON.parse(opText(leave as Line<Op>)), leave);
});

test.run();
