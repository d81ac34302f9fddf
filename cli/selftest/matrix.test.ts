/** The kill matrix: only the named promise kills, and a matrix of nothing is not passed. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MUTANT_NAMES } from "../../services/common/contracts/mutants.ts";
import { type HonestResult, type MutantResult, passed, renderMatrix } from "./matrix.ts";
import { HONEST_PROFILES, PROFILES } from "./profiles.ts";

const killed: MutantResult = {
  ...{ name: "W1-no-limit", about: "", named: ["rate"], killed: true, seconds: 1 },
  broken: [{ promise: "rate", because: "101st in the window" }],
};
const quiet: HonestResult = { run: 1, alarms: [], unknown: ["rate"], unproven: [], seconds: 1 };

test("all killed and nobody accused is passed", () => {
  assert.ok(passed({ mutants: [killed], honest: [quiet] }));
});

test("one survivor, one false alarm or one run that did not finish is not", () => {
  const survivor = { ...killed, broken: [], killed: false };
  assert.not(passed({ mutants: [killed, survivor], honest: [quiet] }));
  const alarm = { ...quiet, alarms: [{ promise: "stock", because: "oversold" }] };
  assert.not(passed({ mutants: [killed], honest: [alarm] }));
  assert.not(passed({ mutants: [killed], honest: [{ ...quiet, failed: "no port" }] }));
  const vacuous = { ...quiet, unknown: ["stock"], unproven: ["stock"] };
  assert.not(passed({ mutants: [killed], honest: [vacuous] }), "it could not have failed");
  assert.not(passed({ mutants: [], honest: [] }), "nothing was shown");
});

test("the matrix names survivors, false alarms and their witnesses", () => {
  const survivor = { ...killed, name: "W2-one-too-many", broken: [], killed: false };
  const alarm = { ...quiet, alarms: [{ promise: "stock", because: "oversold by 3" }] };
  const text = renderMatrix({ mutants: [killed, survivor], honest: [alarm] });
  assert.match(text, /W2-one-too-many \| rate +\| nothing +\| SURVIVED/);
  assert.match(text, "honest run 1: stock accused: oversold by 3");
  assert.match(
    text,
    "1 of 2 mutants killed by a promise they name; 1 false alarms in 1 honest runs",
  );
});

test("there are at least 24 mutants, each with a crowd that shows it, also to an honest build", () => {
  assert.ok(MUTANT_NAMES.length >= 24);
  for (const name of MUTANT_NAMES) assert.ok(HONEST_PROFILES.includes(PROFILES[name]), name);
});

test.run();
