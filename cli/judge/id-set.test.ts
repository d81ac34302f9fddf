/** Numbers seen once and again, near and far. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { IdSet } from "./id-set.ts";

test("each number is new once, in whatever order and however large", () => {
  const ids = new IdSet();
  const numbers = [0, 1, 7, 8, 65_535, 3, 9_999_999, 2 ** 27 - 1, 2 ** 27, 2 ** 52];
  for (const id of numbers) assert.ok(ids.add(id), String(id));
  for (const id of numbers) assert.not(ids.add(id), String(id));
  assert.ok(ids.add(2));
});

test.run();
