/** Reads history.ndjson and ledger.json into the judges' types, or says where they are wrong. */
import type {
  Fault,
  History,
  HistoryLine,
  Ledger,
  Note,
  Op,
  RunEnd,
  RunHeader,
  ShownStock,
  StockSample,
} from "./history.ts";
import { IdSet } from "./id-set.ts";
import { ledgerShape, lineKind, lines } from "./line-shapes.ts";
import { isObject } from "./shape.ts";
import { seconds } from "./words.ts";

/** Clocks of workers on other machines are known less exactly than the one that ended the run. */
const LATE_MS = 1_000;

/** `line` counts from 1; `wrong` is a sentence about it. */
export interface ParseProblem {
  readonly line: number;
  readonly wrong: string;
}

export type ParsedHistory =
  | { readonly ok: true; readonly history: History }
  | { readonly ok: false; readonly problem: ParseProblem };

export type ParsedLedger =
  | { readonly ok: true; readonly ledger: Ledger }
  | { readonly ok: false; readonly problem: ParseProblem };

/**
 * Takes a history line by line, so that a file of any size can be fed as it is read. A last line
 * that is no JSON is what a crash leaves behind: the history counts as cut off there.
 */
export class HistoryParser {
  #line = 0;
  #problem: ParseProblem | undefined;
  #torn: ParseProblem | undefined;
  #run: RunHeader | undefined;
  #end: RunEnd | undefined;
  readonly #ids = new IdSet();
  #lastEndMs = 0;
  readonly #ops: Op[] = [];
  readonly #stock: StockSample[] = [];
  readonly #shown: ShownStock[] = [];
  readonly #notes: Note[] = [];
  readonly #faults: Fault[] = [];

  /** One line without its line feed. False once something is wrong: the rest is not needed. */
  take(line: string): boolean {
    this.#line++;
    if (this.#problem) return false;
    if (line.trim() === "") return true;
    this.#problem = this.#torn;
    if (this.#problem) return false;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      this.#torn = this.#wrong("not a JSON document");
      return true;
    }
    const wrong = this.#check(value);
    if (wrong) this.#problem = this.#wrong(wrong);
    else this.#keep(value as HistoryLine);
    return this.#problem === undefined;
  }

  finish(): ParsedHistory {
    if (this.#torn && this.#end) this.#problem ??= this.#torn;
    if (this.#problem) return { ok: false, problem: this.#problem };
    if (!this.#run) {
      return { ok: false, problem: { line: 1, wrong: "the history is empty: no run line" } };
    }
    const history: History = {
      run: this.#run,
      ops: this.#ops,
      stock: this.#stock,
      notes: this.#notes,
      ...(this.#shown.length > 0 && { shown: this.#shown }),
      ...(this.#faults.length > 0 && { faults: this.#faults }),
      ...(this.#end && { end: this.#end }),
    };
    return { ok: true, history };
  }

  #wrong(wrong: string): ParseProblem {
    return { line: this.#line, wrong };
  }

  #check(value: unknown): string | undefined {
    if (!isObject(value)) return "a line must be a JSON object";
    const check = lines.get(value.kind);
    if (!check) return lineKind(value.kind, "kind");
    if ((value.kind === "run") !== (this.#run === undefined)) {
      return this.#run ? "a second run line" : "the first line must be the run line";
    }
    if (this.#end) return "a line after the end line";
    return check(value, "");
  }

  #keep(line: HistoryLine): void {
    if (line.kind === "run") this.#run = line;
    else if (line.kind === "end") this.#keepEnd(line);
    else if (line.kind === "stock") this.#stock.push(line);
    else if (line.kind === "shown") this.#shown.push(line);
    else if (line.kind === "note") this.#notes.push(line);
    else if (line.kind === "fault") this.#keepFault(line);
    else if (!this.#ids.add(line.id)) this.#problem = this.#wrong(`a second operation ${line.id}`);
    else if (line.endedMs < line.invokedMs) {
      this.#problem = this.#wrong(`operation ${line.id} ended before it was invoked`);
    } else {
      this.#lastEndMs = Math.max(this.#lastEndMs, line.endedMs);
      this.#ops.push(line);
    }
  }

  /** What was still on its way then is recorded as given up at that instant, never later. */
  #keepEnd(end: RunEnd): void {
    this.#end = end;
    if (this.#lastEndMs <= end.atMs + LATE_MS) return;
    const [run, last] = [end.atMs, this.#lastEndMs].map(seconds);
    this.#problem = this.#wrong(`the run ended at ${run} s, and an operation at ${last} s`);
  }

  #keepFault(fault: Fault): void {
    this.#faults.push(fault);
    this.#notes.push({ kind: "note", atMs: fault.atMs, text: fault.text });
  }
}

/** A whole history.ndjson, as one text or as its lines. */
export function parseHistory(source: string | Iterable<string>): ParsedHistory {
  const parser = new HistoryParser();
  for (const line of typeof source === "string" ? source.split("\n") : source) {
    if (!parser.take(line)) break;
  }
  return parser.finish();
}

/** A whole ledger.json; problems name line 1, for the document is one value. */
export function parseLedger(source: string): ParsedLedger {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return { ok: false, problem: { line: 1, wrong: "not a JSON document" } };
  }
  const wrong = ledgerShape(value, "");
  if (wrong) return { ok: false, problem: { line: 1, wrong } };
  return { ok: true, ledger: value as Ledger };
}
