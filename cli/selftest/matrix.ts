/** The kill matrix: which mutant was found by which judge, and what honest runs were accused of. */
import type { Mutant } from "../../services/common/contracts/mutants.ts";
import type { Verdict } from "../judge/verdict.ts";

export interface MutantResult {
  readonly name: string;
  readonly about: string;
  /** One of these has to be broken. */
  readonly named: Mutant["breaks"];
  /** Promises found broken, with the first witness of each. */
  readonly broken: readonly { readonly promise: string; readonly because: string }[];
  readonly killed: boolean;
  readonly seconds: number;
  /** The run could not be made: its line. */
  readonly failed?: string;
}

export interface HonestResult {
  readonly run: number;
  readonly alarms: readonly { readonly promise: string; readonly because: string }[];
  readonly unknown: readonly string[];
  /** Of these, what its crowd was made to show: nothing may stay open there. */
  readonly unproven: readonly string[];
  readonly seconds: number;
  readonly failed?: string;
}

export interface Matrix {
  readonly mutants: readonly MutantResult[];
  readonly honest: readonly HonestResult[];
}

export function brokenOf(verdicts: readonly Verdict[]): MutantResult["broken"] {
  return verdicts
    .filter((one) => one.verdict === "broken")
    .map(({ promise, because, witnesses }) => {
      return { promise, because: witnesses[0]?.words ?? because };
    });
}

/**
 * Every mutant killed by a promise it names; no honest run accused, and each one of which every
 * promise that its crowd puts at risk could have failed; and at least one of either.
 */
export function passed({ mutants, honest }: Matrix): boolean {
  return (
    mutants.length + honest.length > 0 &&
    mutants.every((one) => one.killed) &&
    honest.every((one) => one.alarms.length + one.unproven.length === 0 && !one.failed)
  );
}

export function summaryOf({ mutants, honest }: Matrix): string {
  const killed = mutants.filter((one) => one.killed).length;
  const alarms = honest.filter((one) => one.alarms.length > 0).length;
  const failed = honest.filter((one) => one.failed !== undefined).length;
  const vacuous = honest.filter((one) => one.unproven.length > 0).length;
  const empty = vacuous > 0 ? `, ${vacuous} proved too little` : "";
  const broke = failed > 0 ? `, ${failed} not finished` : "";
  return (
    `${killed} of ${mutants.length} mutants killed by a promise they name; ` +
    `${alarms} false alarms in ${honest.length} honest runs${empty}${broke}`
  );
}

/** A Markdown table, which is as good in a terminal. */
export function renderMatrix(matrix: Matrix): string {
  const rows = matrix.mutants.map((one) => {
    const found = one.broken.map(({ promise }) => promise);
    const verdict = one.killed ? "killed" : (one.failed ?? "SURVIVED");
    return [one.name, one.named.join(", "), found.join(", ") || "nothing", verdict];
  });
  const head = ["mutant", "named promise", "found broken", "result"];
  const all = [head, ...rows];
  const width = (at: number) => Math.max(...all.map((row) => row[at]?.length ?? 0));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(width(at))).join(" | ")} |`;
  const rule = `| ${head.map((_, at) => "-".repeat(width(at))).join(" | ")} |`;
  const alarms = matrix.honest.flatMap(({ run, alarms, unproven, failed }) => [
    ...alarms.map(({ promise, because }) => `honest run ${run}: ${promise} accused: ${because}`),
    ...unproven.map((promise) => `honest run ${run}: ${promise} stayed unknown`),
    ...(failed === undefined ? [] : [`honest run ${run}: not finished: ${failed}`]),
  ]);
  return [line(head), rule, ...rows.map(line), "", ...alarms, summaryOf(matrix)].join("\n");
}
