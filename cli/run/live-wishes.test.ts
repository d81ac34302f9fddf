/** The steps of the admission limit stay within what a limit may be, and can be taken back. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { nextLimit } from "./live-wishes.ts";

test("a limit moves by a tenth, by one at least, and stays within its bounds", () => {
  assert.equal(
    [1_200, 100, 5, 1].map((limit) => nextLimit(limit, "faster")),
    [1_320, 110, 6, 2],
  );
  assert.equal(
    [1_200, 100, 5, 1].map((limit) => nextLimit(limit, "slower")),
    [1_080, 90, 4, 1],
  );
  assert.is(nextLimit(60_000, "faster"), 60_000);
});

test.run();
