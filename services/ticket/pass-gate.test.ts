/** Passes that are given back: never one that has bought, and none is forgotten for a short outage. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createLog } from "../common/log.ts";
import { BookingDesk } from "./booking-desk.ts";
import { PassGate } from "./pass-gate.ts";

const log = createLog("silent");
const redemption = { eventId: 1, clientId: "5", passToken: "pass_1", redemptionKey: "5:key" };

/** A gate whose queue knows the pass as spent by this key, and whose pauses end at once. */
function gateOf(isSpent: () => Promise<boolean>) {
  const calls: string[] = [];
  let lost = 0;
  const call = async (action: string) => {
    calls.push(action);
    return { result: "replayed" };
  };
  const gate = new PassGate({
    broker: { call } as never,
    log,
    isSpent,
    onLost: () => {
      lost += 1;
    },
    timers: {
      after(_ms, then) {
        setImmediate(then);
        return () => {};
      },
      soon: setImmediate,
      elapsedMs: () => 0,
    },
  });
  return { gate, calls, lost: () => lost };
}

test("a request that fails after its key has bought leaves the pass spent", async () => {
  const { gate, calls } = gateOf(async () => true);
  const desk = new BookingDesk({
    books: {
      reserve: async () => {
        throw Object.assign(new Error("statement timeout"), { code: "57014", severity: "ERROR" });
      },
      findByKey: async () => null,
    },
    gate,
    clock: { now: () => 0 },
    ids: () => "id",
    log,
    onReserved: () => {},
  });
  const purchase = { eventId: 1, userId: 5, productId: 1, quantity: 1 };
  let failed = false;
  await desk.buy({ ...purchase, passToken: "pass_1", idempotencyKey: "key" }).catch(() => {
    failed = true;
  });
  assert.is(failed, true);
  assert.equal(calls, ["queue.redeemPass"]);
});

test("a pass that bought nothing comes back although the database was away for a moment", async () => {
  let asked = 0;
  const { gate, calls, lost } = gateOf(async () => {
    asked += 1;
    if (asked < 3) throw new Error("no connection");
    return false;
  });
  await gate.giveBackUnlessSpent(redemption);
  for (let turn = 0; turn < 50 && calls.length === 0; turn++) await new Promise(setImmediate);
  assert.equal(calls, ["queue.restorePass"]);
  assert.is(lost(), 0);
  await gate.stop();
});

test("a database that stays away costs the pass, and that is counted", async () => {
  const { gate, calls, lost } = gateOf(async () => {
    throw new Error("no connection");
  });
  await gate.giveBackUnlessSpent(redemption);
  for (let turn = 0; turn < 50 && lost() === 0; turn++) await new Promise(setImmediate);
  assert.equal(calls, []);
  assert.is(lost(), 1);
  await gate.stop();
});

test.run();
