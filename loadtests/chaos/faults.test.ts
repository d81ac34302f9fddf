import { test } from "uvu";
import * as assert from "uvu/assert";
import { streamOf, unit } from "../../cli/engine/rng.ts";
import { FAULTS, type FaultCast, FaultDrawing, wordsOf } from "./faults.ts";

const CAST: FaultCast = {
  processes: ["queue-1", "ticket-1"],
  servers: ["postgres", "redis", "nats"],
  wires: ["postgres", "ticket"],
};

function draw(seed: number, count: number, kinds: readonly (typeof FAULTS)[number][] = FAULTS) {
  const stream = streamOf(seed, "cast");
  const drawing = new FaultDrawing(kinds, CAST, () => unit(stream));
  return Array.from({ length: count }, () => drawing.next());
}

test("one seed draws one series of faults, another seed another", () => {
  assert.equal(draw(3, 20), draw(3, 20));
  assert.not.equal(draw(3, 20), draw(4, 20));
});

test("each kind comes once before any comes again, and only what was asked for", () => {
  assert.equal(new Set(draw(1, FAULTS.length).map(({ kind }) => kind)).size, FAULTS.length);
  assert.ok(draw(1, 9, ["cut", "flush"]).every(({ kind }) => kind === "cut" || kind === "flush"));
});

test("each names somebody of the cast, and says so in one line", () => {
  const known = [...CAST.processes, ...CAST.servers, ...CAST.wires, "provider"];
  for (const fault of draw(7, 70)) {
    assert.ok(known.includes(fault.target), fault.target);
    assert.ok(fault.afterMs > 0);
    assert.is(fault.forMs > 0, ["pause", "delay", "payments"].includes(fault.kind));
    assert.match(wordsOf(fault), /^[^\n]+$/);
  }
});

test.run();
