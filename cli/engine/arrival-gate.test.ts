/** A pause of the arrivals moves those who have not come, and makes nobody late. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ArrivalGate } from "./arrival-gate.ts";

const NOBODY = () => true;

/** A gate over clients that arrive at these times, begun at 0, with the waits it asked for. */
function gateOf(...arrivalsMs: number[]) {
  const gate = new ArrivalGate(Float64Array.from(arrivalsMs));
  const waits = new Map<number, number>();
  const wake = (client: number, dueMs: number) => void waits.set(client, dueMs);
  gate.begin(0, wake);
  return { gate, waits, wake };
}

test("without a pause everyone comes as planned", () => {
  const { gate, waits } = gateOf(10, 20);
  assert.equal(
    [...waits],
    [
      [0, 10],
      [1, 20],
    ],
  );
  assert.equal([gate.putOff(0, 10), gate.putOff(1, 20)], [undefined, undefined]);
});

test("who would come during a pause comes after it, with the plan's gaps", () => {
  const { gate, waits, wake } = gateOf(100, 200, 900);
  assert.is(gate.putOff(0, 100), undefined);
  gate.shut(150);
  assert.ok(gate.paused);
  assert.is(gate.putOff(1, 200), Number.POSITIVE_INFINITY);
  assert.is(gate.open(650, wake), 500);
  assert.is(waits.get(1), 700);
  assert.is(gate.putOff(1, 700), undefined);
  // Its wait was set before anyone knew of the pause.
  assert.is(gate.putOff(2, 900), 1_400);
  assert.is(gate.putOff(2, 1_400), undefined);
});

test("who has come once is never held again", () => {
  const { gate } = gateOf(100);
  assert.is(gate.putOff(0, 100), undefined);
  gate.shut(150);
  assert.is(gate.putOff(0, 5_000), undefined);
});

test("two pauses add up", () => {
  const { gate, wake } = gateOf(1_000);
  gate.shut(100);
  gate.open(200, wake);
  gate.shut(300);
  gate.open(600, wake);
  assert.is(gate.putOff(0, 1_000), 1_400);
});

test("one whose time had come before the pause is let in, however late its wake-up is", () => {
  const { gate } = gateOf(100);
  gate.shut(150);
  assert.is(gate.putOff(0, 100), undefined);
});

test("paused time drops nobody, before or after the gate opens again", () => {
  const { gate, wake } = gateOf(100, 200, 300);
  gate.putOff(0, 100);
  gate.shut(150);
  gate.putOff(1, 200);
  assert.is(
    gate.countDropped(5_000, (client) => client !== 0),
    0,
  );
  gate.open(5_150, wake);
  assert.is(
    gate.countDropped(5_160, (client) => client !== 0),
    0,
  );
  assert.is(gate.countDropped(6_000, NOBODY), 3);
});

test.run();
