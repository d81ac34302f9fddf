/** Prepared statements: what has a name, and what has none. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { statementNames } from "./prepared-statements.ts";

test("a text has one name, and no other text has it", () => {
  const nameOf = statementNames();
  assert.is(nameOf("select 1"), nameOf("select 1"));
  assert.is.not(nameOf("select 1"), nameOf("select 2"));
});

test("two pools call a statement the same, as poolers expect", () => {
  assert.is(statementNames()("select 1"), statementNames()("select 1"));
});

test("beyond a number of texts the next have no name, and the first keep theirs", () => {
  const nameOf = statementNames(1);
  const first = nameOf("select 1");
  assert.ok(first);
  assert.is(nameOf("select 2"), undefined);
  assert.is(nameOf("select 1"), first);
});

test.run();
