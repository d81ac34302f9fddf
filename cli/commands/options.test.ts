import { test } from "uvu";
import * as assert from "uvu/assert";
import { duration, moment, price } from "./options.ts";

test("a duration is a number with its unit", () => {
  assert.is(duration("90s"), 90_000);
  assert.is(duration("5m"), 300_000);
  assert.is(duration("2h"), 7_200_000);
  assert.is(duration("1d"), 86_400_000);
  for (const wrong of ["", "5", "m", "-5m", "5 m", "5M", "1.5h", "9999999s"]) {
    assert.throws(() => duration(wrong), /must be like 90s/, wrong);
  }
});

test("a moment is an instant, or near now", () => {
  assert.is(moment("2027-05-01T20:00:00Z"), "2027-05-01T20:00:00Z");
  assert.is(moment("2027-05-01T22:00:00+02:00"), "2027-05-01T22:00:00+02:00");
  const offsetMs = (text: string) => Date.parse(moment(text)) - Date.now();
  assert.ok(Math.abs(offsetMs("now")) < 1_000);
  assert.ok(Math.abs(offsetMs("now+2h") - 7_200_000) < 1_000);
  assert.ok(Math.abs(offsetMs("now-5m") + 300_000) < 1_000);
  for (const wrong of ["", "soon", "now+", "now+2", "2027-05-01", "5m", "2027-99-01T00:00:00Z"]) {
    assert.throws(() => moment(wrong), /must be/, wrong);
  }
});

test("a price has at most two decimals", () => {
  assert.equal(["49.90", "0", "0.05", "12"].map(price), [49.9, 0, 0.05, 12]);
  for (const wrong of ["", "-1", "1.005", "1,50", "1e3", "12345678901"]) {
    assert.throws(() => price(wrong), /must be an amount/, wrong);
  }
});

test.run();
