import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { removeDataFolder, reservex, temporaryFolder } from "../testing/processes.ts";

/** One sin each of the gate, the quantities and the tokens: the rest takes minutes. */
const SOME = "W2-one-too-many,S2-negative,A4";

test("planted sins are killed by the promises they name, and an honest run is not accused", async () => {
  const dir = await temporaryFolder();
  const out = join(dir, "selftest");
  const { code, stdout, stderr } = await reservex([
    ...["selftest", "--only", SOME, "--honest-runs", "1", "--json", "--out", out],
  ]);
  const said = JSON.parse(stdout);
  assert.equal(
    said.mutants.map((one: { name: string; killed: boolean }) => [one.name, one.killed]),
    [
      ["W2-one-too-many", true],
      ["S2-negative", true],
      ["A4-open-gate", true],
    ],
    stderr,
  );
  assert.equal(
    said.honest.map((one: { alarms: unknown[] }) => one.alarms),
    [[]],
    stderr,
  );
  assert.is(code, 0, stderr);
  const saved = JSON.parse(await readFile(join(out, "matrix.json"), "utf8"));
  assert.equal(saved.mutants, said.mutants);
  assert.match(await readFile(join(out, "matrix.md"), "utf8"), "3 of 3 mutants killed");
  await removeDataFolder(dir);
});

test("a name that is no mutant's is refused before anything starts", async () => {
  const { code, stderr } = await reservex(["selftest", "--only", "W99"]);
  assert.is(code, 64);
  assert.match(stderr, "W99");
});

test.run();
