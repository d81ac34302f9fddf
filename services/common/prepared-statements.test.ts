/** Prepared statements: what has a name, and what has none. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { preparedStatements } from "./prepared-statements.ts";

const namer = (keptAtMost?: number) => {
  const { transformQuery } = preparedStatements(keptAtMost);
  const context = {} as Parameters<NonNullable<typeof transformQuery>>[0];
  return (text: string) => transformQuery?.(context, { sql: text, values: [] }).name;
};

test("a text has one name, and no other text has it", () => {
  const nameOf = namer();
  assert.is(nameOf("select 1"), nameOf("select 1"));
  assert.is.not(nameOf("select 1"), nameOf("select 2"));
});

test("two pools call a statement the same, as poolers expect", () => {
  assert.is(namer()("select 1"), namer()("select 1"));
});

test("beyond a number of texts the next have no name, and the first keep theirs", () => {
  const nameOf = namer(1);
  const first = nameOf("select 1");
  assert.ok(first);
  assert.is(nameOf("select 2"), undefined);
  assert.is(nameOf("select 1"), first);
});

test.run();
