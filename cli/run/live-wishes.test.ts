/** What is wished for is done and noted; steps of the limit stay within bounds and can be taken back. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Snapshot, snapshotBefore } from "../engine/snapshot.ts";
import { granter, nextLimit } from "./live-wishes.ts";

test("a limit moves by a tenth, by one at least, and stays within its bounds", () => {
  assert.equal(
    [1_200, 100, 5, 1].map((limit) => nextLimit(limit, "faster")),
    [1_320, 110, 6, 2],
  );
  assert.equal(
    [1_200, 100, 5, 1].map((limit) => nextLimit(limit, "slower")),
    [1_080, 90, 4, 1],
  );
  assert.is(nextLimit(60_000, "faster"), 60_000);
});

test("chaos is switched by its key, and each switch is noted; after the sale nothing is", async () => {
  const notes: string[] = [];
  const controls = {
    note: (text: string) => void notes.push(text),
    pauseArrivals: () => undefined,
    limitChanged: () => undefined,
  };
  const chaos = {
    ...{ kinds: ["pause", "payments"], on: false, faults: 0 },
    turn(on: boolean) {
      this.on = on;
    },
    run: async () => undefined,
  };
  let phase: Snapshot["phase"] = "selling";
  const handle = { controls, snapshot: () => ({ ...snapshotBefore(10, 60), phase }) };
  const target = { queueUrl: "http://127.0.0.1:1", adminToken: "", eventId: 1 };
  const grant = granter({ ...target, handle, chaos });
  await grant("chaos");
  assert.is(chaos.on, true);
  await grant("chaos");
  assert.equal(notes, ["chaos is switched on: pause, payments", "chaos is switched off"]);
  phase = "settling";
  await grant("chaos");
  assert.is(chaos.on, false);
  await granter({ ...target, handle, chaos: { because: "not ours" } })("chaos");
  assert.is(notes.length, 2);
});

test.run();
