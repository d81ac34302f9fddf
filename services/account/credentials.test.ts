import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatStored, parseStored, waitSeconds } from "./credentials.ts";

test("a stored password reads back as it was written", () => {
  const stored = {
    memory: 19_456,
    passes: 2,
    parallelism: 1,
    salt: Buffer.from("0123456789abcdef"),
    tag: Buffer.alloc(32, 7),
  };
  assert.equal(parseStored(formatStored(stored)), stored);
});

test("what is not an argon2id string is no password", () => {
  for (const text of [
    "",
    "secret",
    "$argon2i$v=19$m=1,t=1,p=1$aa$bb",
    "$argon2id$v=19$m=1,t=1$aa$bb",
  ]) {
    assert.is(parseStored(text), undefined, text);
  }
});

test("mistyping a few times costs no wait, guessing on doubles it, and nobody is shut out for ever", () => {
  assert.equal(
    [0, 4, 5, 6, 7].map((n) => waitSeconds("pair", n)),
    [0, 0, 1, 2, 4],
  );
  assert.is(waitSeconds("pair", 1_000_000), 900);
  assert.is(waitSeconds("address", 49), 0);
  assert.is(waitSeconds("address", 51), 2);
});

test.run();
