import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createProgram } from "./program.ts";
import { VERSION } from "./version.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (name: string) => readFileSync(join(ROOT, name), "utf8");
const { commands } = await createProgram(async () => undefined);

test("the README's list names every command there is, and none that is not", () => {
  const rows = read("README.md").matchAll(/^\| (`reservex [^|]+) \|/gm);
  const listed = [...rows].flatMap(([, names]) =>
    [...names!.matchAll(/`(?:reservex )?([a-z0-9-]+)`/g)].map((found) => found[1]),
  );
  assert.equal(listed.sort(), commands.map((command) => command.name()).sort());
});

test("every command says in one line what it is for", () => {
  for (const command of commands) {
    assert.match(command.description(), /^.{20,100}$/, command.name());
  }
});

test("the version is the package's", () => {
  assert.is(VERSION, JSON.parse(read("package.json")).version);
});

test.run();
