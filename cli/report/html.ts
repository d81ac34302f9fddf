/** report.html: one self-contained page, verdicts first, that opens anywhere without a network. */
import type { Verdict } from "../judge/verdict.ts";
import { escapeMarkup as esc } from "./escape.ts";
import { STYLE } from "./html-style.ts";
import type { Report } from "./report.ts";
import { renderCharts } from "./report-charts.ts";
import { EXIT_MEANING } from "./verdict-table.ts";

const SIGNS = { valid: "✓", broken: "✗", unknown: "?", invalid: "✗" } as const;

/** The text of report.html. Whatever came from a server or a person is escaped. */
export function renderHtml(report: Report): string {
  const title = esc(`ReserveX run ${report.run.runId}: ${report.result}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
${pageHead(report)}
<main>
${section("verdicts", "Verdicts", `<div class="cards">${cards(report)}</div>`)}
${section("course", "The course of the run", `<div class="charts">${renderCharts(report)}</div>`)}
${section("latency", "Latency and answers", answers(report))}
${section("end", "At the end", endState(report))}
${section("tester", "The tester and its settings", testerAndSettings(report))}
</main>
<footer>Drawn from report.json, version ${report.version}. <code>reservex judge</code>
judges the same record again.</footer>
</body>
</html>
`;
}

function section(id: string, name: string, body: string): string {
  return `<section aria-labelledby="${id}-head"><h2 id="${id}-head">${name}</h2>${body}</section>`;
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
</header>`;
}

function cards(report: Report): string {
  const { tester } = report;
  const word = tester.valid ? "valid" : tester.known ? "invalid" : "unknown";
  return [...report.verdicts.map(verdictCard), card("tester", word, tester.because, "")].join("\n");
}

function verdictCard({ promise, verdict, because, checked, witnesses }: Verdict): string {
  const items = witnesses.map(({ words, ops }) => {
    const shown = ops.length > 0 ? ` <span class="ops">operations ${ops.join(", ")}</span>` : "";
    return `<li>${esc(words)}${shown}</li>`;
  });
  const list = items.length > 0 ? `<ul>${items.join("")}</ul>` : "";
  const facts = `<p class="quiet">${number(checked)} facts checked</p>`;
  return card(promise, verdict, because, `${list}${facts}`);
}

function card(name: string, word: keyof typeof SIGNS, because: string, more: string): string {
  return `<article class="card ${word}"><div><h3>${esc(name)}</h3>
<span class="badge">${SIGNS[word]} ${word}</span></div><p>${esc(because)}</p>${more}</article>`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function milliseconds(value: number): string {
  return value >= 100 ? number(Math.round(value)) : value.toFixed(1);
}

function money(cents: number): string {
  const options = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return (cents / 100).toLocaleString("en-US", options);
}

/** The first cell of a row names it. Cells are escaped here. */
function table(caption: string, head: readonly string[], rows: readonly string[][]): string {
  const heads = head.map((name) => `<th scope="col">${esc(name)}</th>`).join("");
  const body = rows.map(([name = "", ...cells]) => {
    const rest = cells.map((cell) => `<td>${esc(cell)}</td>`).join("");
    return `<tr><th scope="row">${esc(name)}</th>${rest}</tr>`;
  });
  const empty = `<tr><td colspan="${head.length}">none</td></tr>`;
  return (
    `<div class="panel scroll"><table><caption>${esc(caption)}</caption>` +
    `<thead><tr>${heads}</tr></thead><tbody>${body.join("") || empty}</tbody></table></div>`
  );
}

/** Names and values, side by side. */
function facts(caption: string, rows: readonly (readonly [string, string])[]): string {
  const body = rows.map(
    ([name, value]) =>
      `<tr><th scope="row">${esc(name)}</th><td class="words">${esc(value)}</td></tr>`,
  );
  return (
    `<div class="panel"><table><caption>${esc(caption)}</caption>` +
    `<tbody>${body.join("")}</tbody></table></div>`
  );
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
