import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  journalLine,
  journalSummary,
  mostInAnyMinute,
  settingsText,
  statsText,
  watchLine,
} from "./queue-text.ts";

const STATS = {
  waiting: 1_203,
  active: 1,
  admittedLastMinute: 98,
  admittedTotal: 4_000,
  abandonedTotal: 12,
  permitsPerMinute: 100,
  paused: false,
};

test("a window of 60 s counts both its ends", () => {
  assert.is(mostInAnyMinute([]), 0);
  assert.is(mostInAnyMinute([5]), 1);
  assert.is(mostInAnyMinute([0, 60_000]), 2);
  assert.is(mostInAnyMinute([0, 60_001]), 1);
  assert.is(mostInAnyMinute([0, 30_000, 60_000, 60_001, 90_001]), 3);
  assert.is(mostInAnyMinute([7, 7, 7, 200_000, 200_000]), 3, "many in one millisecond");
});

test("the summary says how many and how dense, in words that fit one", () => {
  const entry = (number: number, admittedAtMs: number) => {
    const admittedAt = new Date(admittedAtMs).toISOString();
    return { number, clientId: "5", joinedAt: admittedAt, admittedAt };
  };
  assert.is(journalSummary([]), "0 admissions, at most 0 in any 60 s");
  assert.is(journalSummary([entry(1, 1)]), "1 admission, at most 1 in any 60 s");
  const three = [entry(1, 0), entry(2, 1), entry(3, 60_001)];
  assert.is(journalSummary(three), "3 admissions, at most 2 in any 60 s");
  assert.is(
    journalSummary(three.slice(1)),
    "2 admissions, at most 2 in any 60 s; 1 earlier no longer kept",
  );
});

test("an admission is one line that says when, after how long, and who", () => {
  const entry = {
    number: 17,
    clientId: "u-5",
    joinedAt: "2026-11-22T18:30:00.000Z",
    admittedAt: "2026-11-22T18:30:12.345Z",
  };
  assert.is(journalLine(entry), "     17  2026-11-22T18:30:12.345Z  waited    12.3 s  client u-5");
});

test("numbers stand under each other, with their units", () => {
  assert.is(
    statsText(7, STATS),
    `event 7
  waiting         1 203 clients
  holding a pass  1 client
  admitted        98 in the last minute
                  4 000 in all
  limit           100 per minute
  abandoned       12 in all
  paused          no`,
  );
  assert.is(
    settingsText(7, {
      permitsPerMinute: 6_000,
      passTtlSeconds: 300,
      pacing: "burst",
      paused: true,
      draining: false,
    }),
    `event 7
  limit       6 000 per minute
  pass lives  300 s
  pacing      burst
  paused      yes
  draining    no`,
  );
});

test("lines of a watch keep their columns, and say when nobody is admitted on purpose", () => {
  const line = watchLine(STATS);
  assert.is(
    line,
    "waiting   1 203  active       1  admitted      98 of 100 in the last minute  abandoned      12",
  );
  assert.is(
    watchLine({ ...STATS, waiting: 0, paused: true }).length,
    line.length + "  paused".length,
  );
});

test.run();
