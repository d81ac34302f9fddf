/** Promises of the folder lock that need no folder. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseHolder } from "./folder-lock.ts";

test("a holder's note is read back", () => {
  const holder = { pid: 12, began: "boot/99", purpose: "PostgreSQL", released: false };
  assert.equal(parseHolder(JSON.stringify(holder)), holder);
});

test("a torn or foreign note names nobody", () => {
  for (const text of ["", '{"pid": 1', "null", "[]", '{"pid":"1","began":"x"}', '{"pid":1}']) {
    assert.is(parseHolder(text), undefined, text);
  }
});

test.run();
