/** Pages of the ledger: by reservation, out of two sorted lists. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pageEnd } from "./payment-ledger.ts";

test("a page ends at the same reservation in both books", () => {
  assert.equal(pageEnd([1, 2, 5], [2, 3], 3), { last: 3, more: true });
  assert.equal(pageEnd([1, 2], [2, 3], 3), { last: 3, more: false });
});

test("a reservation that only one book knows has its place", () => {
  assert.equal(pageEnd([], [9], 1), { last: 9, more: false });
  assert.equal(pageEnd([10], [], 1), { last: 10, more: false });
  assert.equal(pageEnd([10], [9], 1), { last: 9, more: true });
});

test("an empty page says whether anything was left out", () => {
  assert.equal(pageEnd([], [], 10), { last: undefined, more: false });
  assert.equal(pageEnd([4], [], 0), { last: undefined, more: true });
});

test.run();
