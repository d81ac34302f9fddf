/** Faults come while they are switched on, and are undone whoever ends them. */
import { EventEmitter, once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Fault, FaultDrawing, type FaultKind } from "./faults.ts";
import { Unrest } from "./unrest.ts";

const KINDS: readonly FaultKind[] = ["pause", "payments"];
const CAST = { processes: ["the shop"], servers: [], wires: [] };

/** The first faults come at once: what is tested is who may strike, not when. */
class Hasty extends FaultDrawing {
  override next(): Fault {
    return { ...super.next(), afterMs: 0 };
  }
}

function unrest(on: boolean) {
  const events = new EventEmitter();
  const told: string[] = [];
  const lasting = new Set<string>();
  let mended = false;
  const made = new Unrest({
    ...{ kinds: KINDS, on },
    drawing: new Hasty(KINDS, CAST, () => 0.5),
    strike: async (fault, until) => {
      lasting.add(fault.kind);
      if (!until.aborted) await once(until, "abort");
      lasting.delete(fault.kind);
      events.emit("undone");
    },
    mend: async () => {
      mended = true;
    },
  });
  const over = new AbortController();
  const tell = (what: string) => {
    told.push(what);
    events.emit("told");
    // Two are enough; both last until somebody ends them.
    if (told.length === 2) made.turn(false);
  };
  const done = made.run(tell, over.signal);
  return { made, events, told, lasting, over, done, isMended: () => mended };
}

test("nothing happens before it is switched on, and what lasts ends when it is switched off", async () => {
  const { made, events, told, lasting, over, done, isMended } = unrest(false);
  assert.is(made.on, false);
  made.turn(true);
  while (told.length < 2) await once(events, "told");
  assert.is(made.on, false);
  while (lasting.size > 0) await once(events, "undone");
  assert.equal([...told].sort(), ["pause", "payments"]);
  assert.is(made.faults, 2);
  assert.is(isMended(), false);
  over.abort();
  await done;
  assert.is(isMended(), true);
});

test("switched on from the start it ends, mended, with the run", async () => {
  const { events, lasting, over, done, isMended } = unrest(true);
  await once(events, "told");
  over.abort();
  await done;
  assert.is(lasting.size, 0);
  assert.is(isMended(), true);
});

test("a fault that cannot be undone is no secret: the run hears of it", async () => {
  const made = new Unrest({
    ...{ kinds: KINDS, on: true },
    drawing: new Hasty(KINDS, CAST, () => 0.5),
    strike: async () => {
      throw new Error("the provider does not listen");
    },
    mend: async () => undefined,
  });
  const over = new AbortController();
  let heard: unknown;
  await made
    .run(() => over.abort(), over.signal)
    .catch((error: unknown) => {
      heard = error;
    });
  assert.match(String(heard), "the provider does not listen");
});

test.run();
