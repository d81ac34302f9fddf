/** Charts are honest at their ends and never wider than asked. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { barCells, columnChart, partCells, sparkline } from "./charts.ts";

test("a sparkline runs from zero to the highest value, newest at the right", () => {
  assert.is(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), "▁▂▃▄▅▆▇█");
  assert.is(
    sparkline([9, 9, 0, 7], 2),
    "▁█",
    "only the newest are shown, and scaled by themselves",
  );
  assert.is(sparkline([0, 0], 5), "▁▁");
  assert.is(sparkline([], 5), "");
  assert.is(sparkline([1, 2], 0), "");
  assert.is(sparkline([Number.NaN, 1], 5), "▁█");
});

test("something shows, and less than everything never fills the bar", () => {
  assert.equal(barCells(0, 10), { filled: 0, empty: 10 });
  assert.equal(barCells(0.0001, 10), { filled: 1, empty: 9 });
  assert.equal(barCells(0.5, 10), { filled: 5, empty: 5 });
  assert.equal(barCells(0.9999, 10), { filled: 9, empty: 1 });
  assert.equal(barCells(1, 10), { filled: 10, empty: 0 });
  assert.equal(barCells(7, 10), { filled: 10, empty: 0 });
  assert.equal(barCells(Number.NaN, 3), { filled: 0, empty: 3 });
  assert.equal(barCells(0.5, -4), { filled: 0, empty: 0 });
});

test("the parts of a bar fill it exactly, and no part above zero vanishes", () => {
  for (const width of [5, 39, 57, 200]) {
    for (const values of [
      [1, 1, 1, 1, 99_996],
      [33, 33, 34, 0, 0],
      [100_000, 0, 0, 0, 1],
      [2, 3, 5, 7, 11],
    ]) {
      const cells = partCells(values, width);
      assert.is(
        cells.reduce((sum, value) => sum + value, 0),
        width,
      );
      values.forEach((value, at) => {
        assert.is((cells[at] ?? 0) > 0, value > 0, `${values} in ${width}: ${cells}`);
      });
    }
  }
});

test("with fewer cells than parts, the parts still take no more than there are", () => {
  assert.is(
    partCells([1, 1, 1, 1, 1], 3).reduce((sum, value) => sum + value, 0),
    3,
  );
  assert.equal(partCells([0, 0], 10), [0, 0]);
  assert.equal(partCells([1, 2], 0), [0, 0]);
});

test("columns reach from 0 to the highest, the newest at the right", () => {
  assert.equal(columnChart([0, 1, 2, 4], 6, 2), ["     █", "   ▄██"]);
  assert.equal(columnChart([], 3, 2), ["   ", "   "]);
  assert.equal(columnChart([0, Number.NaN], 2, 1), ["  "]);
  assert.equal(columnChart([5], 0, 2), ["", ""]);
});

test.run();
