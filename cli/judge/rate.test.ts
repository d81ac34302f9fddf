/** The rate judge: exact at the edge of the window, silent where nothing could have failed. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { History } from "./history.ts";
import { judgeRate } from "./rate.ts";
import { RunBuilder } from "./testing.ts";

/** Each client joins at once and sees its pass at the same instant, whatever the queue stamped. */
function admittedAt(stampsMs: readonly number[], permitsPerMinute: number): History {
  const run = new RunBuilder({ permitsPerMinute });
  for (const client of stampsMs.keys()) run.join(client, 0);
  for (const [client, ms] of stampsMs.entries()) run.pass(client, 100_000, `pass_${client}`, ms);
  return run.history();
}

test("exactly the limit in 60 s is fine", () => {
  const verdict = judgeRate(admittedAt([0, 10, 59_999, 60_000], 3));
  assert.is(verdict.verdict, "valid");
  assert.is(verdict.checked, 4);
});

test("one more at 59.989 s is broken, at 60.000 s fine, in between stamps may be off", () => {
  const early = judgeRate(admittedAt([0, 1, 59_989], 2));
  assert.is(early.verdict, "broken");
  assert.is(
    early.witnesses[0]?.words,
    "client 2 admitted at 59.989 s, 3rd in the window 0.000–60.000 s",
  );
  assert.equal(early.witnesses[0]?.ops, [4, 5, 6]);
  assert.is(judgeRate(admittedAt([0, 1, 60_000], 2)).verdict, "valid");
  assert.is(judgeRate(admittedAt([0, 1, 59_990], 2)).verdict, "unknown");
  assert.is(judgeRate(admittedAt([0, 1, 59_999], 2)).verdict, "unknown");
});

test("where answers were lost, or told two times, one more may have been admitted", () => {
  const lost = { outcome: "unknown", code: "TIMEOUT" } as const;
  const full = (spoil: (run: RunBuilder) => void) => {
    const run = new RunBuilder({ permitsPerMinute: 2 });
    for (const client of [0, 1, 2, 3]) run.join(client, 0);
    for (const client of [0, 1]) run.pass(client, 1_000, `pass_${client}`, client);
    spoil(run);
    return judgeRate(run.history()).verdict;
  };
  assert.is(
    full(() => {}),
    "valid",
  );
  assert.is(
    full((run) => run.poll(2, 2_000, lost)),
    "unknown",
  );
  const heard = (run: RunBuilder) => {
    run.poll(2, 2_000, lost);
    run.poll(2, 3_000);
  };
  assert.is(full(heard), "valid", "heard later that it still waits");
  assert.is(
    full((run) => run.poll(2, 2_000, { ...lost, code: "RUN_ENDED" })),
    "valid",
  );
  const twoTimes = (run: RunBuilder) => {
    run.pass(2, 2_000, "pass_2", 0);
    run.pass(2, 9_000, "pass_2", 7_000);
  };
  assert.is(full(twoTimes), "unknown");
});

test("two bursts at a minute's edge are one crowd", () => {
  const verdict = judgeRate(admittedAt([59_000, 59_500, 60_100, 60_200], 2));
  assert.is(verdict.verdict, "broken");
  assert.match(verdict.because, "at most 4 in any 60 s, 2 allowed");
});

test("one pass seen twice is one admission", () => {
  const run = new RunBuilder({ permitsPerMinute: 1 });
  run.join(0, 0);
  run.join(1, 0);
  run.pass(0, 1000, "pass_0", 500);
  run.pass(0, 2000, "pass_0", 500);
  run.pass(1, 70_000, "pass_1", 60_500);
  const verdict = judgeRate(run.history());
  assert.is(verdict.verdict, "valid");
  assert.is(verdict.checked, 2);
});

test("a crowd is a crowd even if one client got every pass", () => {
  const run = new RunBuilder({ permitsPerMinute: 1 });
  run.join(0, 0);
  run.pass(0, 1000, "pass_a", 0);
  run.pass(0, 2000, "pass_b", 900);
  assert.is(judgeRate(run.history()).verdict, "broken");
});

test("no pass, or too few clients to exceed the limit, is unknown", () => {
  assert.is(judgeRate(new RunBuilder().history()).verdict, "unknown");
  const few = judgeRate(admittedAt([0, 1], 2));
  assert.is(few.verdict, "unknown");
  assert.match(few.because, "could not be exceeded");
});

test("a queue's clock that was seen to step back accuses nobody by less than its step", () => {
  const crowdOfThree = (backMs: number) => {
    const run = new RunBuilder({ permitsPerMinute: 2 });
    for (let client = 0; client < 5; client++) run.join(client, 0);
    for (const [client, ms] of [0, 1, 59_985].entries())
      run.pass(client, 1000, `pass_${client}`, ms);
    run.pass(3, 2000, "pass_3", 200_000);
    // Issued after client 3 had its pass, yet stamped before it.
    run.poll(4, 3000);
    run.pass(4, 4000, "pass_4", 200_000 - backMs);
    return judgeRate(run.history());
  };
  assert.is(crowdOfThree(0).verdict, "broken");
  assert.is(crowdOfThree(14).verdict, "broken");
  const wavering = crowdOfThree(20);
  assert.is(wavering.verdict, "unknown");
  assert.match(wavering.because, "off by 0.020 s");
});

test("the sweep agrees with counting every window by hand", () => {
  const stamps = fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 5, maxLength: 40 });
  fc.assert(
    fc.property(stamps, fc.integer({ min: 1, max: 4 }), (stampsMs, limit) => {
      const crowdedWithin = (ms: number) =>
        stampsMs.some(
          (from) => stampsMs.filter((at) => at >= from && at < from + ms).length > limit,
        );
      const doubtful = crowdedWithin(60_000) ? "unknown" : "valid";
      const expected = crowdedWithin(60_000 - 10) ? "broken" : doubtful;
      return judgeRate(admittedAt(stampsMs, limit)).verdict === expected;
    }),
  );
});

test.run();
