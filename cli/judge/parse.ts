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
} from "./history.ts";
import { HISTORY_VERSION, type StockSample } from "./history.ts";
import type { Check } from "./shape.ts";
import {
  dictionary,
  duration,
  flag,
  instant,
  isObject,
  list,
  natural,
  number,
  oneOf,
  optional,
  shape,
  text,
  whole,
} from "./shape.ts";

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

const stockLine = shape({ id: whole, totalStock: whole, availableStock: whole, held: whole });

const header = shape({
  version: oneOf(HISTORY_VERSION),
  runId: text,
  startedAt: text,
  seed: number,
  settings: shape({
    clients: natural,
    arrivals: oneOf("burst", "ramp", "poisson", "replay"),
    arrivalSeconds: duration,
    quantity: number,
    absentPercent: duration,
    attackersPercent: duration,
    paymentFailurePercent: duration,
    habits: optional(
      shape({
        impatientPercent: duration,
        patienceSeconds: duration,
        doubleClickPercent: duration,
        retryingPercent: duration,
      }),
    ),
    workers: optional(natural),
    sockets: optional(oneOf("shared", "own")),
    settleWithinSeconds: optional(duration),
    target: dictionary(text),
    hidden: optional(list(oneOf("passTimes", "payments", "sagas", "keys"))),
  }),
  sale: shape({
    eventId: whole,
    permitsPerMinute: natural,
    pacing: oneOf("smooth", "burst"),
    passTtlSeconds: duration,
    products: list(
      shape({ id: whole, name: text, priceCents: natural, totalStock: natural, maxPerUser: whole }),
    ),
  }),
  clocks: optional(
    list(shape({ worker: text, errorMs: duration, driftMs: number, exchanges: natural })),
  ),
});

const base = {
  id: natural,
  client: natural,
  intendedMs: number,
  invokedMs: number,
  endedMs: number,
  outcome: oneOf("ok", "fail", "unknown"),
  status: optional(natural),
  code: optional(text),
  attack: optional(
    oneOf("no-pass", "forged-pass", "foreign-pass", "spent-pass", "poll-flood", "many-accounts"),
  ),
  habit: optional(oneOf("impatient", "double-click", "retry")),
};

const position = { position: optional(number), pollAfterSeconds: optional(duration) };
const reservationStatus = oneOf("PENDING", "PAYMENT_PENDING", "CONFIRMED", "CANCELLED");
const follow = shape({
  ...base,
  reservationId: whole,
  reservationStatus: optional(reservationStatus),
});

const ops = new Map<unknown, Check>(
  Object.entries({
    join: shape({ ...base, ...position }),
    poll: shape({ ...base, ...position, pass: optional(text), passExpiresAt: optional(instant) }),
    leave: shape(base),
    reserve: shape({
      ...base,
      pass: optional(text),
      key: text,
      productId: whole,
      quantity: number,
      reservationId: optional(whole),
      sagaId: optional(text),
    }),
    follow,
    cancel: follow,
    probe: shape({
      ...base,
      promise: oneOf("input", "access"),
      tried: text,
      expected: oneOf("refused", "served"),
      alike: optional(text),
      said: optional(text),
      pace: optional(text),
    }),
  }),
);

const opName = oneOf(...[...ops.keys()].map(String));
const op: Check = (value, at) => {
  if (!isObject(value)) return `${at || "the value"} must be an object`;
  const check = ops.get(value.op);
  return check ? check(value, at) : opName(value.op, "op");
};

const end = shape({
  atMs: number,
  reason: oneOf("everyone-done", "time-limit", "interrupted"),
  tester: shape({
    sendLagMs: shape({ p50: number, p99: number, max: number }),
    eventLoopLagMs: shape({ p99: number, max: number }),
    droppedArrivals: natural,
    workerSendLagP99Ms: optional(list(number)),
    lostWorkers: optional(list(text)),
  }),
});

const lines = new Map<unknown, Check>(
  Object.entries({
    run: header,
    op,
    stock: shape({ atMs: number, products: list(stockLine) }),
    shown: shape({ atMs: number, products: list(shape({ id: whole, availableStock: whole })) }),
    note: shape({ atMs: number, text, permitsPerMinute: optional(number) }),
    fault: shape({ atMs: number, what: text, target: text, text }),
    end,
  }),
);

const lineKind = oneOf(...[...lines.keys()].map(String));

const ledgerShape = shape({
  readAt: text,
  settled: flag,
  settleSeconds: duration,
  products: list(stockLine),
  reservations: list(
    shape({
      id: whole,
      sagaId: text,
      userId: whole,
      productId: whole,
      quantity: number,
      totalPriceCents: whole,
      status: reservationStatus,
      createdAt: text,
    }),
  ),
  payments: list(
    shape({
      id: text,
      sagaId: text,
      reservationId: whole,
      amountCents: whole,
      status: oneOf("PENDING", "PROCESSING", "COMPLETED", "FAILED", "REFUNDED"),
    }),
  ),
  provider: list(
    shape({ type: oneOf("charge", "refund"), sagaId: text, amountCents: whole, at: text }),
  ),
  sagas: list(shape({ sagaId: text, reservationId: whole, state: text })),
});

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
  readonly #ids = new Set<number>();
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
    else if (line.kind === "end") this.#end = line;
    else if (line.kind === "stock") this.#stock.push(line);
    else if (line.kind === "shown") this.#shown.push(line);
    else if (line.kind === "note") this.#notes.push(line);
    else if (line.kind === "fault") this.#keepFault(line);
    else if (this.#ids.has(line.id)) this.#problem = this.#wrong(`a second operation ${line.id}`);
    else if (line.endedMs < line.invokedMs) {
      this.#problem = this.#wrong(`operation ${line.id} ended before it was invoked`);
    } else {
      this.#ids.add(line.id);
      this.#ops.push(line);
    }
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
