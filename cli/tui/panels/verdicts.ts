/** The judges' verdicts: promise, verdict, because; for the broken ones the evidence. */
import { MAX_WITNESSES, type Verdict } from "../../judge/verdict.ts";
import { clean, padRight, wrap } from "../cells.ts";
import { type Line, span, type Tone } from "../line.ts";
import { type Panel, panel } from "./panel.ts";

/**
 * full: everything. worst: a line for each valid one, everything of the others. short: a line of
 * reasons and one of evidence each. bare: a line a verdict.
 */
export type Detail = "full" | "worst" | "short" | "bare";

export const SIGNS: Readonly<Record<Verdict["verdict"], { sign: string; tone: Tone }>> = {
  broken: { sign: "✘", tone: "bad" },
  unknown: { sign: "?", tone: "unsure" },
  valid: { sign: "✔", tone: "good" },
};
/** Sign, promise and verdict take this much at the left: "✘ liveness  broken   ". */
const LEFT_WIDTH = 21;
/** Lines that a reason, or a piece of evidence, may be wrapped into. */
const MAX_LINES = 4;

export function verdictsPanel(verdicts: readonly Verdict[], width: number, detail: Detail): Panel {
  const content = worstFirst(verdicts).flatMap((verdict) => verdictLines(verdict, width, detail));
  return panel(0, "PROMISES", tally(verdicts), content, width);
}

/** Broken, then unknown, then valid; within each in the order given. */
export function worstFirst(verdicts: readonly Verdict[]): Verdict[] {
  const order = ["broken", "unknown", "valid"];
  return verdicts.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
}

function tally(verdicts: readonly Verdict[]): Line {
  return (["broken", "unknown", "valid"] as const).flatMap((kind) => {
    const count = verdicts.filter(({ verdict }) => verdict === kind).length;
    const { sign, tone } = SIGNS[kind];
    return count === 0 ? [] : [span(`${sign} ${count} ${kind}`, tone), span(" ")];
  });
}

function verdictLines(verdict: Verdict, width: number, detail: Detail): Line[] {
  const { sign, tone } = SIGNS[verdict.verdict];
  const indent = span(" ".repeat(LEFT_WIDTH));
  const room = width - LEFT_WIDTH;
  const inFull = detail === "full" || (detail === "worst" && verdict.verdict !== "valid");
  const maxLines = inFull ? MAX_LINES : 1;
  const reasons = wrap(clean(verdict.because), room, maxLines);
  const left = [
    span(`${sign} `, tone),
    span(padRight(verdict.promise, 10), "strong"),
    span(padRight(verdict.verdict, 9), tone),
  ];
  const lines: Line[] = [[...left, span(reasons[0] ?? "")]];
  for (const reason of reasons.slice(1)) lines.push([indent, span(reason)]);
  if (detail === "bare") return lines;
  const witnesses = verdict.witnesses.slice(0, inFull ? MAX_WITNESSES : 1);
  for (const { words } of witnesses) {
    const pieces = wrap(clean(words), room - 2, maxLines);
    pieces.forEach((piece, at) => {
      lines.push([indent, span(at === 0 ? "› " : "  ", tone), span(piece, "dim")]);
    });
  }
  return lines;
}
