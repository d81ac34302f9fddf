/** The simulation: it repeats itself, it finds nothing in the product, and it finds what is planted. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MUTANTS } from "./mutants.ts";
import { run } from "./run.ts";
import { commandOf, shrink } from "./shrink.ts";
import { findMutant } from "./sweep.ts";

/** A slice of `npm run check:sim`. */
const SEEDS = 80;
/** Looked for within so many seeds here; the others take longer: `npm run check:sim -- --mutants`. */
const QUICKLY = 2;
const FOUND_QUICKLY = 20;

test("a seed replays exactly, event by event", async () => {
  for (const seed of [3, 33, 189]) {
    const [first, again] = [await run({ seed }), await run({ seed })];
    assert.equal(again, first, `seed ${seed}`);
    assert.ok(first.events > 500, "something happened");
  }
});

test("what is written down of a run changes nothing in it", async () => {
  const lines: string[] = [];
  const told = await run({ seed: 9 }, {}, (_atMs, who, what) => lines.push(`${who} ${what}`));
  assert.is((await run({ seed: 9 })).fingerprint, told.fingerprint);
  assert.ok(lines.some((line) => line.includes("completed, paid and confirmed")));
});

test("the faults of a run, given as a list, make the same run", async () => {
  const drawn = await run({ seed: 33 });
  assert.ok(drawn.struck.length > 0, "faults struck");
  const faults = drawn.struck.map((one) => one.name);
  assert.is((await run({ seed: 33, faults })).fingerprint, drawn.fingerprint);
});

test("no promise is broken, whatever goes wrong", async () => {
  let purchases = 0;
  const kinds = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await run({ seed });
    assert.is(outcome.breach, undefined, `seed ${seed}: ${JSON.stringify(outcome.breach)}`);
    purchases += outcome.purchases;
    for (const { name } of outcome.struck) kinds.add(name.split("#")[0]!);
  }
  assert.ok(purchases > 5 * SEEDS, `${purchases} purchases`);
  assert.ok(kinds.size >= 15, `faults that struck: ${[...kinds].join(", ")}`);
});

test("planted defects are found", async () => {
  const names = Object.keys(MUTANTS);
  assert.ok(names.length >= 20);
  const found: string[] = [];
  for (const name of names) {
    if ((await findMutant(name, QUICKLY)).seed !== undefined) found.push(name);
  }
  assert.ok(found.length >= FOUND_QUICKLY, `only ${found.join("; ")}`);
});

test("a failing run is made small, and its command plays it again", async () => {
  const mutant = "a sale is answered before its commit";
  const { seed } = await findMutant(mutant, 20);
  const failed = await run({ seed: seed! }, MUTANTS[mutant]);
  const { plan, outcome } = await shrink(seed!, failed, MUTANTS[mutant]);
  assert.is(outcome.breach?.promise, failed.breach?.promise);
  assert.ok(plan.clients!.length < failed.clients.length, "fewer clients");
  assert.ok(plan.faults!.length <= failed.struck.length, "no more faults");
  const again = await run(plan, MUTANTS[mutant]);
  assert.equal(again.breach, outcome.breach);
  assert.match(commandOf(plan, mutant), /^npm run check:sim -- --seed \d+ --clients .* --trace$/);
});

test.run();
