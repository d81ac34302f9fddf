/**
 * Runs in the reader's browser, after uPlot: draws the page's data over the still pictures, with
 * shared cursors for charts of one clock. Plain JavaScript: it is put into report.html as it is.
 */
(() => {
  const { charts, durationSeconds } = JSON.parse(document.getElementById("page-data").textContent);
  const HEIGHT_PX = 230;
  const COLOURS = {
    main: "--main",
    good: "--good",
    warn: "--warn",
    limit: "--bad",
    other: "--other",
  };
  const DASHES = { good: [7, 3], warn: [2, 3], limit: [9, 5], other: [12, 3, 2, 3] };
  const numbers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
  const drawn = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function seriesOf({ label, tone, area }, chart) {
    const stroke = () => colour(COLOURS[tone]);
    return {
      label,
      stroke,
      width: tone === "limit" ? 1.5 : 2,
      dash: DASHES[tone],
      fill: area ? () => `${stroke()}22` : undefined,
      spanGaps: true,
      value: (_plot, value) => {
        if (value === null || value === undefined) return "–";
        return chart.log && value <= chart.floor ? `≤ ${chart.floor}` : numbers.format(value);
      },
    };
  }

  function axisOf(size, values) {
    const line = { stroke: () => colour("--grid"), width: 1 };
    const font = "12px system-ui, sans-serif";
    return { stroke: () => colour("--quiet"), grid: line, ticks: line, size, values, font };
  }

  /** Vertical marks where something was noted. */
  function drawMarks(plot, marks) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour("--warn");
    ctx.setLineDash([4, 4]);
    for (const at of marks) {
      const x = Math.round(plot.valToPos(at, "x", true)) + 0.5;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  /** Charts of the run's clock all show the whole run, until a part is dragged over. */
  function spanOf({ clock, columns }) {
    const whole = clock === "run" ? durationSeconds : columns[0].at(-1);
    return (plot, low, high) => {
      const [x] = plot.data;
      // Of a single point uPlot makes a range of its own, which is nobody's choice.
      const all = x.length < 2 || low === null || (low === x[0] && high === x.at(-1));
      return all ? [0, Math.max(1, whole)] : [low, high];
    };
  }

  function logRange(floor) {
    return (_plot, _low, high) => [floor, 10 ** Math.max(0, Math.floor(Math.log10(high || 1)) + 1)];
  }

  function optionsOf(chart, width) {
    const whole = (_plot, ticks) =>
      ticks.map((tick) => (tick === null ? "" : numbers.format(tick)));
    return {
      width,
      height: HEIGHT_PX,
      scales: {
        x: { time: false, range: spanOf(chart) },
        y: chart.log
          ? { distr: 3, range: logRange(chart.floor) }
          : { range: (_plot, _low, high) => [0, Math.max(1, high * 1.06)] },
      },
      axes: [
        {
          ...axisOf(30, whole),
          label: chart.xLabel,
          labelSize: 18,
          labelFont: "12px system-ui, sans-serif",
        },
        axisOf(58, whole),
      ],
      series: [
        { label: "s", value: (_plot, at) => (at === null ? "–" : numbers.format(at)) },
        ...chart.lines.map((line) => seriesOf(line, chart)),
      ],
      cursor: { sync: { key: chart.clock }, points: { size: 7 } },
      legend: { live: true },
      hooks: { draw: [(plot) => drawMarks(plot, chart.marks)] },
    };
  }

  function draw(chart) {
    const figure = document.querySelector(`[data-chart="${chart.id}"]`);
    const place = document.createElement("div");
    // The still picture's words serve those who do not see it; the values are in the time-lapse.
    place.setAttribute("aria-hidden", "true");
    place.className = "plot";
    figure.querySelector(".still").after(place);
    figure.classList.add("live");
    const columns = chart.log
      ? chart.columns.map((column, at) =>
          at === 0 ? column : column.map((y) => (y === null ? y : Math.max(chart.floor, y))),
        )
      : chart.columns;
    const plot = new uPlot(optionsOf(chart, place.clientWidth || 600), columns, place);
    new ResizeObserver(() => {
      if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: HEIGHT_PX });
    }).observe(place);
    if (chart.clock === "run") addNeedle(plot);
    drawn.push(plot);
  }

  /** The time-lapse's moment, as a line that moves without drawing the chart again. */
  function addNeedle(plot) {
    const needle = document.createElement("div");
    needle.className = "needle";
    plot.over.append(needle);
    plot.needle = needle;
    plot.over.addEventListener("click", () => {
      const at = plot.posToVal(plot.cursor.left, "x");
      document.dispatchEvent(new CustomEvent("reservex:go", { detail: at }));
    });
  }

  document.addEventListener("reservex:at", ({ detail }) => {
    for (const plot of drawn) {
      if (!plot.needle) continue;
      const x = plot.valToPos(detail, "x");
      plot.needle.hidden = x < 0 || x > plot.over.clientWidth;
      plot.needle.style.transform = `translateX(${x}px)`;
    }
  });

  for (const chart of charts) draw(chart);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const plot of drawn) plot.redraw(false, false);
  });
  document.documentElement.dataset.charts = String(drawn.length);
})();
