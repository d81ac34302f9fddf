/** The verdicts of a run as an aligned plain-text table, for a terminal or a README. */
import type { ExitCode, RunVerdict } from "../judge/judge.ts";
import { escapeTerminal } from "./escape.ts";

export interface TableOptions {
  /** Plain ANSI colours; without them the text says the same. */
  readonly color: boolean;
  /** Columns of the terminal; below 40 it is taken as 40. */
  readonly width: number;
}

type Colour = "green" | "red" | "yellow" | "dim" | "bold";

const ANSI: Readonly<Record<Colour, string>> = {
  green: "\u001B[32m",
  red: "\u001B[31m",
  yellow: "\u001B[33m",
  dim: "\u001B[2m",
  bold: "\u001B[1m",
};

const RESET = "\u001B[0m";

/** What an exit code means, for people. */
export const EXIT_MEANING: Readonly<Record<ExitCode, string>> = {
  0: "every promise held",
  1: "a promise was broken",
  2: "not everything could be concluded",
  3: "the run is invalid: the tester did not drive it as planned",
};

interface Row {
  readonly name: string;
  readonly word: string;
  readonly colour: Colour;
  readonly sign: string;
  readonly checked: string;
  readonly because: string;
  readonly witnesses: readonly string[];
}

/** Lines end with "\n"; no line is wider than `width` unless one word alone is. */
export function renderVerdictTable(run: RunVerdict, { color, width }: TableOptions): string {
  const paint = (colour: Colour, text: string) => (color ? `${ANSI[colour]}${text}${RESET}` : text);
  const rows = rowsOf(run);
  const nameWidth = Math.max("promise".length, ...rows.map((row) => row.name.length));
  const wordWidth = Math.max("verdict".length, ...rows.map((row) => row.word.length));
  const checkedWidth = Math.max("checked".length, ...rows.map((row) => row.checked.length));
  const indent = 2 + nameWidth + 2 + wordWidth + 2 + checkedWidth + 2;
  const room = Math.max(40, width);
  // On a narrow screen the sentence goes below its row instead of beside it.
  const beside = room - indent >= 30;
  const textIndent = beside ? indent : 4;
  const textWidth = room - textIndent;

  const head = `  ${"promise".padEnd(nameWidth)}  ${"verdict".padEnd(wordWidth)}  `;
  const lines = [
    paint("dim", `${head}${"checked".padStart(checkedWidth)}${beside ? "  because" : ""}`),
  ];
  for (const row of rows) {
    const sign = paint(row.colour, row.sign);
    const word = paint(row.colour, row.word.padEnd(wordWidth));
    const checked = row.checked.padStart(checkedWidth);
    const start = `${sign} ${row.name.padEnd(nameWidth)}  ${word}  ${checked}`;
    const said = wrap(row.because, textWidth);
    if (beside) lines.push(`${start}  ${said.shift() ?? ""}`.trimEnd());
    else lines.push(start.trimEnd());
    for (const line of said) lines.push(" ".repeat(textIndent) + line);
    for (const witness of row.witnesses) {
      wrap(witness, textWidth - 2).forEach((line, index) => {
        const mark = index === 0 ? paint(row.colour, "→ ") : "  ";
        lines.push(`${" ".repeat(textIndent)}${mark}${line}`);
      });
    }
  }
  lines.push("", resultLine(run.exitCode, paint));
  return `${lines.join("\n")}\n`;
}

function resultLine(exitCode: ExitCode, paint: (colour: Colour, text: string) => string): string {
  const colour: Colour = exitCode === 0 ? "green" : exitCode === 2 ? "yellow" : "red";
  const meaning = EXIT_MEANING[exitCode];
  return paint(
    colour,
    `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)} (exit code ${exitCode}).`,
  );
}

function rowsOf({ verdicts, testerVerdict }: RunVerdict): Row[] {
  const looks = {
    valid: { sign: "✓", colour: "green" },
    broken: { sign: "✗", colour: "red" },
    unknown: { sign: "?", colour: "yellow" },
  } as const;
  const rows: Row[] = verdicts.map((one) => ({
    name: one.promise,
    word: one.verdict,
    ...looks[one.verdict],
    checked: one.checked.toLocaleString("en-US"),
    because: escapeTerminal(one.because),
    witnesses: one.witnesses.map((witness) => escapeTerminal(witness.words)),
  }));
  const { valid, known, because } = testerVerdict;
  const look = looks[valid ? "valid" : known ? "broken" : "unknown"];
  const word = valid ? "valid" : known ? "invalid" : "unknown";
  const said = escapeTerminal(because);
  rows.push({ name: "tester", word, ...look, checked: "", because: said, witnesses: [] });
  return rows;
}

/** Breaks at spaces; a word longer than the width stays whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}
