/** JUnit XML of a report: one test case per promise and one for the tester, as CI servers read. */
import type { Verdict } from "../judge/verdict.ts";
import { escapeMarkup } from "./escape.ts";
import type { Report } from "./report.ts";

interface Case {
  readonly name: string;
  readonly body: string;
  readonly kind: "passed" | "failed" | "skipped";
}

/**
 * The text of junit.xml. broken → failure with its witnesses, unknown → skipped, an invalid tester
 * → failure. Times are the run's, in seconds, told once for the suite.
 */
export function renderJunit(report: Report): string {
  const cases = [...report.verdicts.map(promiseCase), testerCase(report)];
  const failures = cases.filter((one) => one.kind === "failed").length;
  const skipped = cases.filter((one) => one.kind === "skipped").length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
  const time = (report.durationMs / 1000).toFixed(3);
  const suite = escapeMarkup(`reservex run ${report.run.runId}`);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="reservex" ${counts} time="${time}">`,
    `  <testsuite name="${suite}" ${counts} time="${time}" ` +
      `timestamp="${escapeMarkup(report.run.startedAt)}">`,
    ...cases.map(caseXml),
    "  </testsuite>",
    "</testsuites>",
  ];
  return `${lines.join("\n")}\n`;
}

function caseXml({ name, body }: Case): string {
  const head = `    <testcase classname="reservex.promises" name="${escapeMarkup(name)}" time="0"`;
  return `${head}>\n${body}\n    </testcase>`;
}

function promiseCase({ promise, verdict, because, checked, witnesses }: Verdict): Case {
  const said = escapeMarkup(because);
  if (verdict === "unknown") {
    return { name: promise, kind: "skipped", body: `      <skipped message="${said}"/>` };
  }
  if (verdict === "valid") {
    const body = `      <system-out>${said} (${checked} checked)</system-out>`;
    return { name: promise, kind: "passed", body };
  }
  const lines = witnesses.map(({ words, ops }) => {
    const shown = ops.length > 0 ? ` [operations ${ops.join(", ")}]` : "";
    return escapeMarkup(`${words}${shown}`);
  });
  const body = `      <failure type="broken" message="${said}">` + `${lines.join("\n")}</failure>`;
  return { name: promise, kind: "failed", body };
}

function testerCase({ tester }: Report): Case {
  const said = escapeMarkup(tester.because);
  if (!tester.known) {
    return { name: "tester", kind: "skipped", body: `      <skipped message="${said}"/>` };
  }
  if (tester.valid) {
    return { name: "tester", kind: "passed", body: `      <system-out>${said}</system-out>` };
  }
  const body = `      <failure type="invalid" message="${said}">${said}</failure>`;
  return { name: "tester", kind: "failed", body };
}
