/** Charts: scaled to their data, thinned without losing a peak. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { renderChart } from "./chart.ts";

const base = {
  id: "c",
  title: "A chart",
  summary: "Says it.",
  xLabel: "seconds",
  clock: "run" as const,
};

test("a long line is thinned and keeps its peak", () => {
  const points = Array.from({ length: 20_000 }, (_, x) => [x, x === 12_345 ? 997 : 1] as const);
  const svg = renderChart({ ...base, lines: [{ label: "l", tone: "main", points }] });
  assert.ok(svg.length < 15_000, `${svg.length} characters`);
  // 997 of 1,000 is drawn near the top of the picture.
  assert.match(svg, / 12\.6L| 12\.6 /);
});

test("ticks are round numbers", () => {
  const points = [
    [0, 0],
    [87, 437],
  ] as const;
  const svg = renderChart({ ...base, lines: [{ label: "l", tone: "main", points }] });
  for (const tick of ["100", "500", "20", "80"]) assert.match(svg, `>${tick}</text>`);
});

test("one point and no points are drawn too", () => {
  const dot = renderChart({ ...base, lines: [{ label: "l", tone: "main", points: [[0, 0]] }] });
  assert.match(dot, "h2");
  assert.not.match(dot, "NaN");
  assert.match(renderChart({ ...base, lines: [] }), "Nothing was recorded.");
});

test("lines of one chart differ by more than colour", () => {
  const points = [[0, 1] as const, [1, 2] as const];
  const svg = renderChart({
    ...base,
    lines: [
      { label: "one", tone: "main", points },
      { label: "two", tone: "limit", points },
    ],
  });
  assert.match(svg, "stroke-dasharray");
  assert.match(svg, '<ul class="legend">');
});

test("on a logarithmic chart each power of ten has the same height", () => {
  const points = [
    [0, 1],
    [1, 10],
    [2, 100],
  ] as const;
  const svg = renderChart({ ...base, log: true, lines: [{ label: "l", tone: "main", points }] });
  const heights = [...svg.matchAll(/[ML ]\d+\.\d (\d+\.\d)/g)].map(([, y]) => Number(y)).slice(-3);
  const [low = 0, middle = 0, high = 0] = heights;
  assert.ok(Math.abs(low - middle - (middle - high)) < 0.3, heights.join(" "));
  assert.match(svg, ">0.1</text>");
});

test.run();
