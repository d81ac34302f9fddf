/** report.md: the verdicts of a run as a code host shows them beside a build. */
import { escapeMarkdown as esc } from "./escape.ts";
import type { Report } from "./report.ts";
import { EXIT_MEANING } from "./verdict-table.ts";

const SIGNS = { valid: "✅", broken: "❌", unknown: "❔", invalid: "❌" } as const;

export function renderMarkdown(report: Report): string {
  const { run, tester, verdicts, latency, totals, admissions, durationMs } = report;
  const testerWord = tester.valid ? "valid" : tester.known ? "invalid" : "unknown";
  const witnesses = verdicts.flatMap((one) =>
    one.witnesses.map(({ words, ops }) => {
      const shown = ops.length > 0 ? ` (operations ${ops.slice(0, 20).join(", ")})` : "";
      return `- **${esc(one.promise)}**: ${esc(words)}${shown}`;
    }),
  );
  const lines = [
    `## ${SIGNS[report.result]} ReserveX run ${esc(run.runId)}: ${report.result}`,
    "",
    `${number(totals.clients)} clients, ${number(totals.operations)} operations in ` +
      `${(durationMs / 1000).toFixed(1)} s, seed ${run.seed}; ${EXIT_MEANING[report.exitCode]} ` +
      `(exit code ${report.exitCode}). At most ${number(admissions.mostInAnyMinute)} admissions in ` +
      `any 60 s, ${number(admissions.permitsPerMinute)} allowed.`,
    "",
    "| promise | verdict | because |",
    "| --- | --- | --- |",
    ...verdicts.map(
      (one) =>
        `| ${esc(one.promise)} | ${SIGNS[one.verdict]} ${one.verdict} | ${esc(one.because)} |`,
    ),
    `| tester | ${SIGNS[testerWord]} ${testerWord} | ${esc(tester.because)} |`,
    ...(witnesses.length > 0 ? ["", "### Evidence", "", ...witnesses] : []),
    "",
    "| latency, ms | count | p50 | p99 | max |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...latency.map(
      (row) =>
        `| ${esc(row.op)} | ${number(row.count)} | ${row.p50.toFixed(1)} | ` +
        `${row.p99.toFixed(1)} | ${row.max.toFixed(1)} |`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
