/** Numbers read well, and never say more than is known. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  fitCount,
  fitMilliseconds,
  formatCount,
  formatDuration,
  formatEta,
  formatMilliseconds,
  formatPercent,
} from "./number-format.ts";

test("thousands stand apart", () => {
  assert.equal([0, 7, 999, 1_203, 100_000, 12_345_678, -1_203, 2.6, -0.2].map(formatCount), [
    "0",
    "7",
    "999",
    "1 203",
    "100 000",
    "12 345 678",
    "-1 203",
    "3",
    "0",
  ]);
});

test("what is not a number is shown as not known", () => {
  assert.is(formatCount(Number.NaN), "–");
  assert.is(formatDuration(Number.POSITIVE_INFINITY), "–");
  assert.is(formatEta(Number.NaN), "–");
  assert.is(formatMilliseconds(Number.NaN), "–");
  assert.is(formatPercent(Number.NaN), "–");
});

test("100 % means everyone", () => {
  assert.equal([0, 0.004, 0.29, 0.41, 0.9999, 1, 1.5, -1].map(formatPercent), [
    "0 %",
    "0 %",
    "29 %",
    "41 %",
    "99 %",
    "100 %",
    "100 %",
    "0 %",
  ]);
});

test("durations use the unit that fits", () => {
  assert.equal([0, 12_340, 59_999, 60_000, 185_000, 3_720_000, -5].map(formatDuration), [
    "0.0 s",
    "12.3 s",
    "59.9 s",
    "1 m 00 s",
    "3 m 05 s",
    "1 h 02 m",
    "0.0 s",
  ]);
  assert.equal([0, 20.4, 60, 4_000].map(formatEta), ["0 s", "21 s", "1 m 00 s", "1 h 06 m"]);
});

test("milliseconds have a decimal only where it matters", () => {
  assert.equal([0, 2.04, 9.94, 9.96, 18.6, 1_250.4].map(formatMilliseconds), [
    "0.0",
    "2.0",
    "9.9",
    "10",
    "19",
    "1 250",
  ]);
});

test("a number that does not fit is told in k, M and G", () => {
  const five = [0, 1_234, 12_345, 999_960, 12_345_678, 1e9, -2_500_000].map((n) => fitCount(n, 5));
  assert.equal(five, ["0", "1 234", "12.3k", "1.0M", "12.3M", "1.0G", "-2.5M"]);
  assert.is(fitCount(123_456_789, 4), "123M");
  assert.is(fitCount(Number.NaN, 3), "–");
  assert.equal(
    [1.234, 3_600_000].map((ms) => fitMilliseconds(ms, 6)),
    ["1.2", "3.6M"],
  );
});

test.run();
