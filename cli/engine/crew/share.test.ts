import { test } from "uvu";
import * as assert from "uvu/assert";
import { dealt, EVERYONE, isOwn, placeOf, sizeOf } from "./share.ts";

test("every client is in one share, and has one place there", () => {
  for (const parts of [1, 2, 3, 7]) {
    const clients = 20;
    const shares = Array.from({ length: parts }, (_, index) => ({ index, of: parts }));
    for (let client = 0; client < clients; client += 1) {
      assert.is(shares.filter((share) => isOwn(share, client)).length, 1);
    }
    const all = Array.from({ length: clients }, (_, client) => client);
    for (const share of shares) {
      const own = dealt(all, share);
      assert.is(own.length, sizeOf(share, clients));
      for (const [place, client] of own.entries()) assert.is(placeOf(share, client), place);
    }
  }
});

test("one process drives everyone", () => {
  assert.is(sizeOf(EVERYONE, 1), 1);
  assert.is(sizeOf({ index: 3, of: 4 }, 3), 0);
});

test.run();
