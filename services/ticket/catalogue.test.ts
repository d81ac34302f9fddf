/** The rules of the catalogue, by example. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  checkOwnWindow,
  checkPrice,
  checkWindow,
  normalInstant,
  normalInstants,
  restock,
} from "./catalogue.ts";

const DAY = { saleStartAt: "2030-01-01T00:00:00.000Z", saleEndAt: "2030-01-02T00:00:00.000Z" };

test("instants of any offset and precision become UTC milliseconds", () => {
  assert.is(normalInstant("2030-01-01T01:00:00+01:00"), "2030-01-01T00:00:00.000Z");
  assert.is(normalInstant("2030-01-01T00:00:00.123456789Z"), "2030-01-01T00:00:00.123Z");
  assert.is(normalInstant("2030-01-01T23:59:00+23:59"), "2030-01-01T00:00:00.000Z");
});

test("instants that a database cannot keep do not fit", () => {
  for (const text of ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "x"])
    assert.is(normalInstant(text), undefined, text);
});

test("each field that does not fit is named", () => {
  const { body, misfits } = normalInstants(
    { a: "2030-01-01T01:00:00+01:00", b: "0001-01-01T00:00:00Z", c: undefined },
    ["a", "b", "c"],
  );
  assert.is(body.a, "2030-01-01T00:00:00.000Z");
  assert.equal(
    misfits.map((one) => one.path),
    ["body.b"],
  );
});

test("a sale ends after it starts", () => {
  assert.equal(checkWindow(DAY), []);
  assert.is(checkWindow({ ...DAY, saleEndAt: DAY.saleStartAt })[0]?.path, "body.saleEndAt");
  assert.is(checkWindow({ saleStartAt: DAY.saleEndAt, saleEndAt: DAY.saleStartAt }).length, 1);
});

test("a product's own window lies inside its event's", () => {
  const none = { saleStartAt: null, saleEndAt: null };
  assert.equal(checkOwnWindow(none, DAY), []);
  assert.equal(checkOwnWindow(DAY, DAY), []);
  assert.equal(checkOwnWindow({ ...none, saleStartAt: "2030-01-01T12:00:00.000Z" }, DAY), []);
  const early = { ...none, saleStartAt: "2029-12-31T00:00:00.000Z" };
  assert.is(checkOwnWindow(early, DAY)[0]?.path, "body.saleStartAt");
  const late = { ...none, saleEndAt: "2030-01-03T00:00:00.000Z" };
  assert.is(checkOwnWindow(late, DAY)[0]?.path, "body.saleEndAt");
  assert.is(checkOwnWindow({ ...none, saleStartAt: DAY.saleEndAt }, DAY).length, 1);
});

test("the total of any allowed purchase can be stored", () => {
  assert.equal(checkPrice(999_999_999_999, 1), []);
  assert.is(checkPrice(999_999_999_999, 2)[0]?.path, "body.price");
});

test("a new total moves what is for sale and never what is sold", () => {
  const stock = { totalStock: 10, availableStock: 4 };
  assert.equal(restock(stock, 12), { totalStock: 12, availableStock: 6 });
  assert.equal(restock(stock, 6), { totalStock: 6, availableStock: 0 });
  assert.is(restock(stock, 5), undefined);
});

test.run();
