/** report.html: one self-contained page, verdicts first, that opens anywhere without a network. */
import { type Chart, renderChart } from "./chart.ts";
import { escapeMarkup as esc } from "./escape.ts";
import { renderOutcomes } from "./html-outcomes.ts";
import { facts, milliseconds, money, number, SIGNS, section, table } from "./html-parts.ts";
import { STYLE } from "./html-style.ts";
import { renderTimeLapse } from "./html-time-lapse.ts";
import { renderVerdicts } from "./html-verdicts.ts";
import { pageDataOf } from "./page-data.ts";
import { LIBRARY_STYLE, POLICY, scriptTags } from "./page-scripts.ts";
import type { Report } from "./report.ts";
import { courseCharts, latencyCharts } from "./report-charts.ts";
import { EXIT_MEANING } from "./verdict-table.ts";

/** The text of report.html. Whatever came from a server or a person is escaped. */
export function renderHtml(report: Report): string {
  const title = esc(`ReserveX run ${report.run.runId}: ${report.result}`);
  const course = courseCharts(report);
  const latency = latencyCharts(report);
  const data = pageDataOf(report, [...course, ...latency]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title}</title>
<style>${LIBRARY_STYLE}${STYLE}</style>
</head>
<body>
<a class="skip" href="#verdicts">to the verdicts</a>
${pageHead(report)}
<main>
${section("verdicts", "Verdicts", renderVerdicts(report))}
${renderTimeLapse(report)}
${section("course", "The course of the run", chartGrid(course))}
${section("latency", "Latency and answers", `${chartGrid(latency)}<div class="below">${answers(report)}</div>`)}
${section("outcomes", "How bookings ended", renderOutcomes(report))}
${section("end", "At the end", endState(report))}
${section("tester", "The tester and its settings", testerAndSettings(report))}
</main>
<footer>Drawn from report.json, version ${report.version}. <code>reservex judge</code>
judges the same record again.</footer>
${scriptTags(data)}
</body>
</html>
`;
}

function chartGrid(charts: readonly Chart[]): string {
  return `<div class="charts">${charts.map(renderChart).join("\n")}</div>`;
}

function pageHead(report: Report): string {
  const { run, durationMs, totals, ended } = report;
  const meaning = EXIT_MEANING[report.exitCode];
  const sentence = `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}.`;
  return `<header>
<h1>ReserveX run ${esc(run.runId)}</h1>
<p class="quiet">Began ${esc(run.startedAt)}, took ${(durationMs / 1000).toFixed(1)} s
(${esc(ended.replaceAll("-", " "))}); ${number(totals.clients)} clients,
${number(totals.operations)} operations, seed ${run.seed}.</p>
<p class="banner ${report.result}"><strong>${SIGNS[report.result]} ${report.result}</strong>
<span>${sentence} Exit code ${report.exitCode}.</span></p>
${keyFigures(report)}
</header>`;
}

/** What one would ask first. */
function keyFigures({
  admissions,
  bookings,
  line,
  run,
  course,
  tester,
  durationMs,
  totals,
}: Report) {
  const seats = run.sale.products.reduce((sum, one) => sum + one.totalStock, 0);
  const longest = line.values.reduce((most, value) => Math.max(most, value), 0);
  const reserve = course.latency.find((row) => row.op === "reserve");
  const slowest = reserve?.max.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const lag = tester.health?.sendLagMs.p99;
  const figures: readonly (readonly [string, string])[] = [
    ["bookings seen confirmed", number(bookings.confirmed.at(-1) ?? 0)],
    ["seats on sale", number(seats)],
    ["admitted", number(admissions.total)],
    [
      `in the fullest 60 s, ${number(admissions.permitsPerMinute)} allowed`,
      number(admissions.mostInAnyMinute),
    ],
    ["longest line", number(longest)],
    ["requests a second", number(Math.round((totals.operations / Math.max(1, durationMs)) * 1000))],
    ["slowest purchase", slowest === undefined ? "–" : `${milliseconds(slowest)} ms`],
    ["tester late, p99", lag === undefined ? "–" : `${milliseconds(lag)} ms`],
  ];
  const items = figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return `<dl class="figures">${items.join("")}</dl>`;
}

function answers({ latency, totals, errors, unusual }: Report): string {
  const latencyTable = table(
    "Latency in ms, from the intended start of each request; raw: from its actual one",
    ["operation", "count", "p50", "p90", "p99", "p99.9", "max", "raw p99"],
    latency.map((row) => [
      row.op,
      number(row.count),
      ...[row.p50, row.p90, row.p99, row.p999, row.max, row.raw.p99].map(milliseconds),
    ]),
  );
  const outcomeTable = table(
    "Answers: yes, no, never heard",
    ["operation", "ok", "fail", "unknown"],
    totals.byOp.map((row) => [row.op, number(row.ok), number(row.fail), number(row.unknown)]),
  );
  const errorTable = table(
    "Answers that were not a yes",
    ["code", "operation", "outcome", "count"],
    errors.map((row) => [row.code, row.op, row.outcome, number(row.count)]),
  );
  const unusualTable = table(
    "What attackers and clients with habits sent",
    ["what", "operation", "clients", "ok", "fail", "unknown"],
    unusual.map(({ what, op, ...counts }) => [
      what,
      op,
      ...[counts.clients, counts.ok, counts.fail, counts.unknown].map(number),
    ]),
  );
  const pair = `<div class="pair below">${outcomeTable}${errorTable}</div>`;
  return `${latencyTable}${pair}${unusual.length === 0 ? "" : unusualTable}`;
}

function endState({ stock, books, run }: Report): string {
  const names = new Map(run.sale.products.map((one) => [one.id, one.name]));
  const lines = stock.end ?? stock.samples.at(-1)?.products ?? [];
  const stockTable = table(
    stock.end ? "Stock by the books" : "Stock at the last look",
    ["product", "total", "available", "held"],
    lines.map((line) => [
      names.get(line.id) ?? `product ${line.id}`,
      ...[line.totalStock, line.availableStock, line.held].map(number),
    ]),
  );
  if (!books) return `<div class="pair">${stockTable}</div>`;
  const states = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([state, many]) => `${number(many)} ${state}`)
      .join(", ") || "none";
  const settled = books.settled ? "settled" : "not settled";
  const bookTable = facts("The services' books", [
    ["reservations", states(books.reservations)],
    ["sagas", states(books.sagas)],
    ["payments", states(books.payments)],
    ["charged at the provider", money(books.chargedCents)],
    ["refunded at the provider", money(books.refundedCents)],
    ["read", `${settled} after ${books.settleSeconds} s`],
  ]);
  return `<div class="pair">${stockTable}${bookTable}</div>`;
}

function testerAndSettings({ tester, run, notes }: Report): string {
  const { settings, sale } = run;
  const { health } = tester;
  const spread = (lag: { p50?: number; p99: number; max: number } | undefined) => {
    if (!lag) return "not recorded";
    const middle = lag.p50 === undefined ? "" : `p50 ${milliseconds(lag.p50)} ms, `;
    return `${middle}p99 ${milliseconds(lag.p99)} ms, max ${milliseconds(lag.max)} ms`;
  };
  const arriving = `arriving in ${settings.arrivalSeconds} s (${settings.arrivals})`;
  const healthTable = facts("The tester's health", [
    ["requests sent late", spread(health?.sendLagMs)],
    ["event loop lag", spread(health?.eventLoopLagMs)],
    ["arrivals dropped", health ? number(health.droppedArrivals) : "not recorded"],
    ...notes.map((note) => [`at ${(note.atMs / 1000).toFixed(1)} s`, note.text] as const),
  ]);
  const settingTable = facts("Settings", [
    ["clients", `${number(settings.clients)}, ${arriving}`],
    ["driven by", drivenBy(settings)],
    ["seats per purchase", String(settings.quantity)],
    ["absent", `${settings.absentPercent} %`],
    ["attackers", `${settings.attackersPercent} %`],
    ["payments that fail", `${settings.paymentFailurePercent} %`],
    ["permits per minute", `${number(sale.permitsPerMinute)} (${sale.pacing})`],
    ["life of a pass", `${sale.passTtlSeconds} s`],
    ...sale.products.map((one) => {
      const limits = `${number(one.totalStock)} seats, at most ${one.maxPerUser} each`;
      return [one.name, `${limits}, ${money(one.priceCents)}`] as const;
    }),
    ...Object.entries(settings.target),
  ]);
  return `<div class="pair">${healthTable}${settingTable}</div>`;
}

function drivenBy({ workers = 1, sockets = "shared" }: Report["run"]["settings"]): string {
  const processes = workers === 1 ? "one process" : `${workers} processes`;
  return `${processes}, ${sockets === "own" ? "a socket for each client" : "shared connections"}`;
}
