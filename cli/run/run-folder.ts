/** The folder that a run leaves: what was seen, what the books say, and the reports made from both. */
import { createReadStream } from "node:fs";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { CommandError, EXIT } from "../exit.ts";
import type { History, Ledger } from "../judge/history.ts";
import { judgeRun, type RunVerdict } from "../judge/judge.ts";
import { HistoryParser, parseLedger } from "../judge/parse.ts";
import { renderHtml } from "../report/html.ts";
import { renderJunit } from "../report/junit.ts";
import { renderMarkdown } from "../report/markdown.ts";
import { buildReport, type Report } from "../report/report.ts";

export interface JudgedRun {
  readonly folder: string;
  readonly verdict: RunVerdict;
  readonly report: Report;
}

/** Makes the folder. Refuses one that already holds a run: evidence is never overwritten. */
export async function createRunFolder(path: string): Promise<string> {
  const folder = resolve(path);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(historyPath(folder), "", { flag: "wx" });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST") {
      throw new CommandError(EXIT.usage, `--out ${path}: there is a run in this folder already`);
    }
    throw new CommandError(EXIT.unavailable, `--out ${path}: cannot write there (${code})`);
  }
  return folder;
}

export const historyPath = (folder: string): string => join(folder, "history.ndjson");
const ledgerPath = (folder: string): string => join(folder, "ledger.json");

export async function writeLedger(folder: string, ledger: Ledger): Promise<void> {
  await writeFile(ledgerPath(folder), `${JSON.stringify(ledger)}\n`);
}

/**
 * Judges the run from its record alone and writes report.json, report.html, report.md and junit.xml
 * beside it; the Markdown is also added to the file `summary`, if one is named.
 * @throws CommandError when there is no run, or its record cannot be read
 */
export async function judgeFolder(path: string, summary?: string): Promise<JudgedRun> {
  const folder = resolve(path);
  const history = await readHistory(folder);
  const ledger = await readLedgerFile(folder);
  const verdict = judgeRun(history, ledger);
  const report = buildReport(history, ledger, verdict);
  await writeFile(join(folder, "report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(join(folder, "report.html"), renderHtml(report));
  await writeFile(join(folder, "junit.xml"), renderJunit(report));
  const markdown = renderMarkdown(report);
  await writeFile(join(folder, "report.md"), markdown);
  if (summary !== undefined) await addSummary(summary, markdown);
  return { folder, verdict, report };
}

async function addSummary(path: string, markdown: string): Promise<void> {
  try {
    await appendFile(path, markdown);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new CommandError(EXIT.unavailable, `--summary ${path}: cannot be written (${code})`);
  }
}

/** As a stream, line by line: the text of the file is never in memory at once. */
export async function readHistory(folder: string): Promise<History> {
  const file = historyPath(folder);
  const parser = new HistoryParser();
  try {
    const lines = createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) if (!parser.take(line)) break;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") throw new CommandError(EXIT.usage, `${file}: no such record of a run`);
    throw new CommandError(EXIT.unavailable, `${file}: cannot be read (${code ?? String(error)})`);
  }
  const parsed = parser.finish();
  if (parsed.ok) return parsed.history;
  throw new CommandError(
    EXIT.usage,
    `${file}, line ${parsed.problem.line}: ${parsed.problem.wrong}`,
  );
}

/** Absent when the run was stopped before the books could be read: some promises stay unknown. */
async function readLedgerFile(folder: string): Promise<Ledger | undefined> {
  const text = await readFile(ledgerPath(folder), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = parseLedger(text);
  if (parsed.ok) return parsed.ledger;
  throw new CommandError(EXIT.usage, `${ledgerPath(folder)}: ${parsed.problem.wrong}`);
}
