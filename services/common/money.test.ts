import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { centsFromNumber, centsFromText, numberFromCents, textFromCents } from "./money.ts";

const cents = fc.integer({ min: 0, max: 999_999_999_999 });

test("an amount survives the way through the database and the API, to the cent", () => {
  fc.assert(
    fc.property(cents, (amount) => {
      assert.is(centsFromText(textFromCents(amount)), amount);
      assert.is(centsFromNumber(JSON.parse(JSON.stringify(numberFromCents(amount)))), amount);
    }),
  );
});

test("PostgreSQL's forms of one amount are one amount", () => {
  assert.equal(["49.9", "49.90", "0049.90"].map(centsFromText), [4990, 4990, 4990]);
  assert.is(centsFromText("-0.05"), -5);
});

test("a third decimal is no money, and neither is text", () => {
  assert.is(centsFromNumber(0.005), undefined);
  assert.is(centsFromNumber(Number.NaN), undefined);
  for (const wrong of ["", "1.234", "1e3", "NaN", " 1"]) assert.throws(() => centsFromText(wrong));
});

test.run();
