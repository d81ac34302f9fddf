import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type OperatedStack, startOperatedStack } from "../cli/testing/operated-stack.ts";
import { reservex } from "../cli/testing/processes.ts";
import { processEnvironment } from "../services/common/config.ts";
import { K6 } from "./k6/run-k6.ts";

interface World {
  operated: OperatedStack;
}

const test = suite<World>("load tools");
test.before(async (world) => {
  world.operated = await startOperatedStack();
});
test.after(({ operated }) => operated.stop());

const SMALL = [
  "--clients",
  "20",
  "--stock",
  "12",
  "--seconds",
  "2",
  "--connections",
  "8",
  "--json",
];

test("autocannon joins, polls and buys, and the books of its sale are judged", async (world) => {
  const { code, stdout, stderr } = await reservex([
    "load",
    "autocannon",
    ...SMALL,
    ...world.operated.access,
  ]);
  assert.is(code, 0, stdout + stderr);
  const document = JSON.parse(stdout);
  assert.match(
    document.said,
    /joins +\d+ answers.*\npolls +\d+ answers.*\nreservations +20 answers/,
  );
  assert.is(document.reservations, 12, "twenty wanted one of twelve pieces");
  const words = document.verdicts.map((one: { promise: string; verdict: string }) => {
    return `${one.promise} ${one.verdict}`;
  });
  assert.equal(words.slice(0, 3), ["stock valid", "money valid", "endings valid"]);
  assert.ok(words.slice(3).every((one: string) => one.endsWith("unknown")));
});

test("k6 takes the same journey where it is there, and is asked for where it is not", async (world) => {
  const missing = await reservex(["load", "k6", ...SMALL, ...world.operated.access], {
    PATH: "/nowhere",
  });
  assert.is(missing.code, 69, missing.stderr);
  assert.match(missing.stderr, /k6 is not on PATH; get it with: go install/);

  const found = await K6.find(processEnvironment()).then(
    () => true,
    () => false,
  );
  if (!found) return;
  const sold = await reservex(["load", "k6", "flash-sale", ...SMALL, ...world.operated.access]);
  assert.is(sold.code, 0, sold.stdout + sold.stderr);
  const document = JSON.parse(sold.stdout);
  assert.is(document.reservations, 12);
  assert.match(document.said, /bookings_confirmed\.*: 12/);
});

test("a scenario that no tool has is wrong usage", async () => {
  const { code, stderr } = await reservex(["load", "k6", "stampede"]);
  assert.is(code, 64);
  assert.match(stderr, /"stampede" is none of k6's: smoke, flash-sale, soak, spike/);
});

test.run();
