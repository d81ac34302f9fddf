/** The judge of probes: a refusal is a 4xx, and proves something only where honest ones are served. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeProbes } from "./probes.ts";
import { RunBuilder } from "./testing.ts";

test("bad requests refused and an honest one served is valid", () => {
  const run = new RunBuilder();
  run.probes(0);
  assert.is(judgeProbes(run.history(), "input").verdict, "valid");
  assert.is(judgeProbes(run.history(), "access").verdict, "valid");
});

test("nobody probed is unknown", () => {
  assert.is(judgeProbes(new RunBuilder().history(), "input").verdict, "unknown");
});

test("a shop that refuses everything proves nothing", () => {
  const run = new RunBuilder();
  run.probe("input", "a purchase of -1 pieces", 0);
  run.probe("input", "an honest purchase", 20, {
    expected: "served",
    outcome: "fail",
    status: 403,
  });
  assert.is(judgeProbes(run.history(), "input").verdict, "unknown");
});

test("a bad request that is served is broken, and named", () => {
  const run = new RunBuilder();
  run.probes(0);
  const bad = run.probe("input", "a purchase of -1 pieces", 100, { outcome: "ok", status: 201 });
  const verdict = judgeProbes(run.history(), "input");
  assert.is(verdict.verdict, "broken");
  assert.match(
    verdict.witnesses[0]?.words ?? "",
    "a purchase of -1 pieces at 0.100 s and was served",
  );
  assert.equal(verdict.witnesses[0]?.ops, [bad.id]);
  assert.is(judgeProbes(run.history(), "access").verdict, "valid");
});

test("a failure is no refusal; a service that is away is neither", () => {
  const run = new RunBuilder();
  run.probes(0);
  const away = { outcome: "unknown", status: 503, code: "UNAVAILABLE" } as const;
  run.probe("input", "a sold-out purchase", 100, away);
  assert.is(judgeProbes(run.history(), "input").verdict, "valid");
  const defect = { outcome: "unknown", status: 500, code: "INTERNAL" } as const;
  run.probe("input", "a sold-out purchase", 200, defect);
  assert.is(judgeProbes(run.history(), "input").verdict, "broken");
});

test("silence alone is unknown", () => {
  const run = new RunBuilder();
  run.probe("access", "no token", 0, { outcome: "unknown", code: "TIMEOUT" });
  assert.is(judgeProbes(run.history(), "access").verdict, "unknown");
});

test("answers that must be alike and differ by a word are broken", () => {
  const run = new RunBuilder();
  run.probes(0);
  const alike = "the answer to a failed login";
  const known = run.probe("access", "a wrong password", 100, { alike, said: "wrong password" });
  const stranger = run.probe("access", "an unknown e-mail", 200, { alike, said: "no such user" });
  const verdict = judgeProbes(run.history(), "access");
  assert.is(verdict.verdict, "broken");
  assert.equal(verdict.witnesses[0]?.ops, [known.id, stranger.id]);
});

test("times tell only where they never overlap, by far, and often", () => {
  const paced = (known: readonly number[], unknown: readonly number[]) => {
    const run = new RunBuilder();
    run.probes(0);
    const pace = "whether an e-mail has an account";
    for (const tookMs of known) run.probe("access", "a known e-mail", 100, { pace, tookMs });
    for (const tookMs of unknown) run.probe("access", "an unknown e-mail", 500, { pace, tookMs });
    return judgeProbes(run.history(), "access").verdict;
  };
  assert.is(paced([60, 70, 65, 90], [2, 3, 2, 4]), "broken");
  assert.is(paced([60, 70, 65, 90], [2, 3, 2, 61]), "valid", "one as slow");
  assert.is(paced([60, 70, 65], [2, 3, 2]), "valid", "too few");
  assert.is(paced([6, 7, 6, 9], [1, 1, 1, 1]), "valid", "too close");
});

test.run();
