/** The admission rule, held against a brute-force look at every window. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type AdmissionSettings,
  decideAdmission,
  type Issued,
  nextPermitMs,
  paceAfter,
  type Sale,
  WINDOW_MS,
} from "./admission.ts";

const OPEN: Sale = { opensAtMs: 0, closesAtMs: Infinity, cancelled: false };
const START_MS = 1_700_000_000_000;

class Desk {
  readonly times: number[] = [];
  nextPermitAtMs = -Infinity;
  closedUntilMs = -Infinity;
  settings: AdmissionSettings;

  constructor(permitsPerMinute: number, pacing: AdmissionSettings["pacing"]) {
    this.settings = { permitsPerMinute, pacing, paused: false };
  }

  get issued(): Issued {
    const { times, nextPermitAtMs, closedUntilMs } = this;
    return { times, nextPermitAtMs, closedUntilMs };
  }

  /** Issues what is open to as many as wait. Returns how many got a pass. */
  look(nowMs: number, waiting = Infinity): number {
    const gate = decideAdmission(this.issued, nowMs, this.settings, OPEN);
    if (gate.gate === "closed") return 0;
    const count = Math.min(gate.permits, waiting);
    this.nextPermitAtMs = paceAfter(this.issued, count, nowMs, this.settings);
    for (let one = 0; one < count; one++) this.times.push(nowMs);
    return count;
  }

  lookAgainAtMs(nowMs: number): number | undefined {
    return decideAdmission(this.issued, nowMs, this.settings, OPEN).lookAgainAtMs;
  }
}

/** The most admissions in any window of 60 s, both ends included. */
function fullest(times: readonly number[]): number {
  let most = 0;
  for (let last = 0, first = 0; last < times.length; last++) {
    while (times[last]! - times[first]! > WINDOW_MS) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

const pacing = fc.constantFrom<AdmissionSettings["pacing"]>("smooth", "burst");
const rate = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 50, max: 300 }));

test("no window of 60 s, its end included, holds more than the limit, however looks fall", () => {
  const gap = fc.oneof(
    fc.nat(120),
    fc.nat(3_000),
    fc.constantFrom(0, 1, 59_999, 60_000, 60_001),
    fc.nat(90_000),
  );
  const looks = fc.array(fc.tuple(gap, fc.oneof(fc.constant(1_000), fc.nat(3))), {
    maxLength: 150,
  });
  fc.assert(
    fc.property(rate, pacing, looks, (permits, pace, all) => {
      const desk = new Desk(permits, pace);
      let nowMs = START_MS;
      for (const [gapMs, waiting] of all) {
        nowMs += gapMs;
        desk.look(nowMs, waiting);
      }
      assert.ok(fullest(desk.times) <= permits);
    }),
    { numRuns: 500 },
  );
});

test("after each change of rate, pacing or pause the window counts by what holds then", () => {
  const change = fc.record({
    gapMs: fc.oneof(fc.nat(500), fc.nat(30_000)),
    permits: fc.option(rate),
    pace: fc.option(pacing),
    paused: fc.option(fc.boolean()),
  });
  fc.assert(
    fc.property(rate, pacing, fc.array(change, { maxLength: 80 }), (permits, pace, changes) => {
      const desk = new Desk(permits, pace);
      let nowMs = START_MS;
      for (const one of changes) {
        nowMs += one.gapMs;
        desk.settings = {
          permitsPerMinute: one.permits ?? desk.settings.permitsPerMinute,
          pacing: one.pace ?? desk.settings.pacing,
          paused: one.paused ?? desk.settings.paused,
        };
        const count = desk.look(nowMs);
        if (desk.settings.paused) assert.is(count, 0);
        const inWindow = desk.times.filter((atMs) => atMs >= nowMs - WINDOW_MS).length;
        if (count > 0) assert.ok(inWindow <= desk.settings.permitsPerMinute);
      }
    }),
    { numRuns: 300 },
  );
});

test("while clients wait, at least 95 % of the permits of each minute are used", () => {
  const minutes = 4;
  for (const permits of [1, 2, 7, 60, 100, 1_000, 6_000, 60_000]) {
    for (const pace of ["smooth", "burst"] as const) {
      fc.assert(
        fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 100 })), (ticks) => {
          const desk = new Desk(permits, pace);
          let nowMs = START_MS;
          while (nowMs < START_MS + minutes * WINDOW_MS) {
            desk.look(nowMs);
            nowMs += ticks.next().value;
          }
          for (let minute = 1; minute <= minutes; minute++) {
            const endMs = START_MS + minute * WINDOW_MS;
            const used = desk.times.filter((atMs) => atMs < endMs).length;
            assert.ok(used >= Math.floor(0.95 * permits * minute), `${permits} ${pace}: ${used}`);
          }
        }),
        { numRuns: 3 },
      );
    }
  }
});

test("the instant to look again is exact: no permit opens earlier, and one is open then", () => {
  fc.assert(
    fc.property(rate, pacing, fc.nat(200), (permits, pace, steps) => {
      const desk = new Desk(permits, pace);
      let nowMs = START_MS;
      for (let step = 0; step < steps; step++) {
        desk.look(nowMs);
        const again = desk.lookAgainAtMs(nowMs)!;
        assert.ok(again > nowMs);
        assert.is(desk.look(again - 1), 0);
        nowMs = again;
        const gate = decideAdmission(desk.issued, nowMs, desk.settings, OPEN);
        assert.ok(gate.gate === "open" && gate.permits >= 1);
      }
    }),
    { numRuns: 100 },
  );
});

test("smooth pacing spreads permits: no more than a second's worth and one at once", () => {
  for (const permits of [1, 60, 100, 6_000]) {
    const desk = new Desk(permits, "smooth");
    const most = Math.floor(permits / 60) + 1;
    assert.is(desk.look(START_MS), most);
    assert.is(desk.look(START_MS), 0);
    assert.is(desk.look(START_MS + 3_600_000), most);
  }
});

test("burst pacing gives out a minute's permits at once, and the next when those are over", () => {
  const desk = new Desk(100, "burst");
  assert.is(desk.look(START_MS), 100);
  assert.is(desk.look(START_MS + WINDOW_MS), 0);
  assert.is(desk.look(START_MS + WINDOW_MS + 1), 100);
});

test("a raised rate counts at once, a lowered one holds for the window that is running", () => {
  const desk = new Desk(1, "smooth");
  assert.is(desk.look(START_MS), 1);
  desk.settings = { ...desk.settings, permitsPerMinute: 600 };
  assert.is(desk.look(START_MS + 100), 0);
  assert.is(desk.look(START_MS + 200), 1);
  for (let ms = 300; ms < 5_000; ms += 100) desk.look(START_MS + ms);
  desk.settings = { ...desk.settings, permitsPerMinute: 10 };
  for (let ms = 5_000; ms <= WINDOW_MS; ms += 100) assert.is(desk.look(START_MS + ms), 0);
});

test("nothing opens before the sale, after it, while paused or for a cancelled event", () => {
  const desk = new Desk(100, "burst");
  const sale = { opensAtMs: 1_000, closesAtMs: 2_000, cancelled: false };
  const at = (nowMs: number, settings = desk.settings, of: Sale = sale) => {
    const gate = decideAdmission(desk.issued, nowMs, settings, of);
    return gate.gate === "closed" ? gate.because : gate.permits;
  };
  assert.is(at(999), "notBegun");
  assert.is(at(1_000), 100);
  assert.is(at(1_999), 100);
  assert.is(at(2_000), "ended");
  assert.is(at(1_500, { ...desk.settings, paused: true }), "paused");
  assert.is(at(1_500, desk.settings, { ...sale, cancelled: true }), "cancelled");
  assert.is(decideAdmission(desk.issued, 1, desk.settings, sale).lookAgainAtMs, 1_000);
});

test("a room that lost what it knew opens at its instant, and not before", () => {
  for (const pace of ["smooth", "burst"] as const) {
    const desk = new Desk(100, pace);
    desk.closedUntilMs = START_MS + WINDOW_MS + 1;
    for (const atMs of [START_MS, START_MS + 30_000, START_MS + WINDOW_MS]) {
      const gate = decideAdmission(desk.issued, atMs, desk.settings, OPEN);
      assert.is(gate.gate === "closed" && gate.because, "recovering");
      assert.is(gate.lookAgainAtMs, desk.closedUntilMs);
      assert.is(nextPermitMs(desk.issued, atMs, desk.settings), desk.closedUntilMs);
    }
    assert.ok(desk.look(desk.closedUntilMs) > 0);
    assert.ok(desk.lookAgainAtMs(desk.closedUntilMs)! > desk.closedUntilMs);
  }
});

test("what closes for good, or later, is named before a recovery", () => {
  const desk = new Desk(100, "smooth");
  desk.closedUntilMs = 5_000;
  const sale = { opensAtMs: 2_000, closesAtMs: 9_000, cancelled: false };
  const why = (nowMs: number, settings = desk.settings, of: Sale = sale) => {
    const gate = decideAdmission(desk.issued, nowMs, settings, of);
    return gate.gate === "closed" ? [gate.because, gate.lookAgainAtMs] : [gate.gate];
  };
  assert.equal(why(1_000), ["notBegun", 2_000]);
  assert.equal(why(2_000), ["recovering", 5_000]);
  assert.equal(why(3_000, { ...desk.settings, paused: true }), ["paused", undefined]);
  assert.equal(why(3_000, desk.settings, { ...sale, cancelled: true }), ["cancelled", undefined]);
  assert.equal(why(3_000, desk.settings, { ...sale, closesAtMs: 3_000 }), ["ended", undefined]);
  assert.equal(why(5_000), ["open"]);
});

test.run();
