/** A crash run in words: a table of kills by point with recovery times, and the rounds. */
import { failpointNames } from "../../services/common/failpoints.ts";
import type { CrashReport } from "./crash-run.ts";
import type { Kill } from "./director.ts";

export interface PointSummary {
  /** A failpoint, or the victim of a SIGKILL from outside: "SIGKILL of redis". */
  readonly point: string;
  readonly kills: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

/** Failpoints in their documented order, then what was killed from outside. */
export function summarize(kills: readonly Kill[]): readonly PointSummary[] {
  const names: readonly string[] = failpointNames;
  const rank = (point: string) => (names.includes(point) ? names.indexOf(point) : names.length);
  return [...Map.groupBy(kills, pointOf)]
    .map(([point, own]) => {
      const times = own.map((one) => one.recoveredMs).sort((a, b) => a - b);
      const medianMs = times[Math.floor((times.length - 1) / 2)]!;
      return { point, kills: own.length, medianMs, maxMs: times.at(-1)! };
    })
    .sort((a, b) => rank(a.point) - rank(b.point) || (a.point < b.point ? -1 : 1));
}

function pointOf({ victim, how }: Kill): string {
  return how.startsWith("SIGKILL") ? `${how} of ${victim.replace(/-\d+$/, "")}` : how;
}

export function renderSummary(report: CrashReport): string {
  const rows = summarize(report.kills).map(({ point, kills, medianMs, maxMs }) => [
    point,
    String(kills),
    seconds(medianMs),
    seconds(maxMs),
  ]);
  const table = [["died of", "kills", "back after: median s", "max s"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
      )
      .join("  "),
  );
  return [...lines, "", verdictOf(report)].join("\n");
}

/** Several runs: how many failed, and which equations did in how many of them. */
export function renderRuns(reports: readonly CrashReport[]): string {
  const findings = reports.map(({ rounds }) => rounds.flatMap((round) => round.findings));
  const failed = findings.filter((own) => own.length > 0);
  const broken = [...new Set(failed.flat().map((one) => one.equation))].map((equation) => {
    const runs = failed.filter((own) => own.some((one) => one.equation === equation)).length;
    return `${equation} in ${runs}`;
  });
  const kills = reports.reduce((sum, report) => sum + report.kills.length, 0);
  const head = `${reports[0]?.build}: an equation failed in ${failed.length} of ${reports.length} runs (${kills} kills)`;
  return broken.length === 0 ? head : `${head}: ${broken.sort().join(", ")}`;
}

function verdictOf({ build, kills, cuts, missed, rounds }: CrashReport): string {
  const broken = rounds.flatMap((round) => round.findings);
  const reserved = rounds.reduce((sum, round) => sum + round.reserved, 0);
  const slowest = Math.max(0, ...rounds.map((round) => round.restMs));
  const what = `${build}: ${kills.length} kills and ${cuts.length} cut wires in ${rounds.length} rounds, ${reserved} reservations; ${missed.length} points armed and not reached`;
  if (rounds.length === 0) return `${what}: nothing was judged`;
  if (broken.length > 0) return `${what}; ${broken.length} findings: BROKEN`;
  return `${what}; at rest after ${seconds(slowest)} s at most; every equation holds`;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
