/** Turns jobs and their replies into the lines of history.ndjson; whatever is sent is written. */

import { EarlyVerdicts } from "../judge/early.ts";
import type {
  Fault,
  Note,
  Op,
  ProbeOp,
  RunEnd,
  RunHeader,
  ShownStock,
  StockLine,
  StockSample,
  TesterHealth,
} from "../judge/history.ts";
import { HISTORY_VERSION } from "../judge/history.ts";
import type { Verdict } from "../judge/verdict.ts";
import { type Answer, NO_FACTS, readFacts } from "./client/answer.ts";
import type { Outgoing } from "./client/script.ts";
import { stockLineOf } from "./display-board.ts";
import { HistoryFile, type HistoryFileListener } from "./history-file.ts";
import type { Reply } from "./http/http-driver.ts";
import type { Meters } from "./meters.ts";
import { type Line, micro, opText } from "./op-text.ts";
import type { RunPlan } from "./plan.ts";
import type { ErrorKind } from "./snapshot.ts";

/** One request of one client, from the wish to send it to the last word on it. */
export interface Job {
  readonly client: number;
  readonly request: Outgoing;
  readonly intendedMs: number;
  /** When the tester gave it to the driver. */
  readonly handedMs: number;
  /** −1 until it is on the wire. */
  id: number;
  invokedMs: number;
}

export class Recorder {
  readonly #file: HistoryFile;
  readonly #meters: Meters;
  readonly #open = new Set<Job>();
  readonly #early: EarlyVerdicts;
  #nextId = 0;
  /** Lines of kind `op` that are written. */
  #written = 0;

  /** Writes the `run` line at once. */
  constructor(plan: RunPlan, path: string, meters: Meters, listener: HistoryFileListener) {
    this.#file = new HistoryFile(path, listener);
    this.#meters = meters;
    this.#early = new EarlyVerdicts(plan.sale.permitsPerMinute);
    this.#file.add(headerOf(plan));
  }

  /** Promises that are certainly broken, before the run is over. */
  get early(): readonly Verdict[] {
    return this.#early.verdicts;
  }

  /** Operations on the wire. */
  get inFlight(): number {
    return this.#open.size;
  }

  /** Operations that are written, or will be when the run ends: a probe cut short is none. */
  get operations(): number {
    return this.#written + this.#open.size;
  }

  /** True while the disk lags so far behind that no new operation should be begun. */
  get behind(): boolean {
    return this.#file.behind;
  }

  invoked(job: Job, nowMs: number): void {
    job.id = this.#nextId;
    job.invokedMs = nowMs;
    this.#nextId += 1;
    this.#open.add(job);
    this.#meters.requestSent();
    this.#meters.connectionWait.add(nowMs - job.handedMs);
  }

  /** Writes the operation and returns the answer as its client sees it. */
  ended(job: Job, reply: Reply): Answer {
    // Its connection could not be opened: it was invoked and given up in one instant.
    if (job.id < 0) this.invoked(job, reply.endedMs);
    this.#open.delete(job);
    const { outcome, status, code, retryAfterMs } = reply;
    const facts = outcome === "ok" ? readFacts(job.request.op, reply.body) : NO_FACTS;
    const answer: Answer = { outcome, status, code, retryAfterMs, facts };
    const line = lineOf(job, answer, reply.endedMs);
    this.#file.addText(opText(line));
    this.#written += 1;
    // JSON leaves out what is undefined, and so does whoever reads it.
    this.#early.take(line as Op);
    const { op } = job.request;
    const { endedMs } = reply;
    if (code !== undefined) {
      const error = { atMs: endedMs, client: job.client, op, code };
      this.#meters.refused(errorKind(outcome, status), error);
    }
    if (status !== undefined || code === "TIMEOUT") {
      this.#meters.answered(op, endedMs - job.intendedMs, endedMs - job.invokedMs);
    }
    return answer;
  }

  /** The number of a probe that is sent now. */
  takeId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }

  probed(op: Omit<ProbeOp, "kind" | "op">): void {
    const { id, intendedMs, invokedMs, endedMs, ...rest } = op;
    const times = { intendedMs: micro(intendedMs), invokedMs: micro(invokedMs) };
    const line: ProbeOp = {
      ...{ kind: "op", op: "probe", id, ...times },
      ...{ endedMs: micro(endedMs), ...rest },
    };
    this.#file.add(line);
    this.#written += 1;
  }

  stock(atMs: number, products: readonly StockLine[]): void {
    const sample: StockSample = {
      kind: "stock",
      atMs: micro(atMs),
      products: products.map(stockLineOf),
    };
    this.#file.add(sample);
    this.#early.look(sample);
  }

  shown(atMs: number, products: ShownStock["products"]): void {
    const shown: ShownStock = { kind: "shown", atMs: micro(atMs), products };
    this.#file.add(shown);
  }

  /** `permitsPerMinute`: the target's limit was changed to that. */
  note(atMs: number, text: string, permitsPerMinute?: number): void {
    const changed = permitsPerMinute === undefined ? {} : { permitsPerMinute };
    const note: Note = { kind: "note", atMs: micro(atMs), text, ...changed };
    this.#file.add(note);
  }

  /** From now on only more than the highest limit is certain to be too much. */
  limitChanged(permitsPerMinute: number): void {
    this.#early.limitChanged(permitsPerMinute);
  }

  fault(atMs: number, what: string, target: string, text: string): void {
    const fault: Fault = { kind: "fault", atMs: micro(atMs), what, target, text };
    this.#file.add(fault);
  }

  /** Hands what was recorded so far to the disk. */
  flush(): void {
    this.#file.flush();
  }

  /**
   * Writes what is still on the wire as unknown (RUN_ENDED), then the `end` line, and closes.
   * Rejects with Error where the file could not be written.
   */
  async finish(reason: RunEnd["reason"], atMs: number, tester: TesterHealth): Promise<void> {
    const cut: Answer = { outcome: "unknown", code: "RUN_ENDED", facts: NO_FACTS };
    for (const job of this.#open) this.#file.addText(opText(lineOf(job, cut, atMs)));
    this.#open.clear();
    const end: RunEnd = { kind: "end", atMs: micro(atMs), reason, tester };
    this.#file.add(end);
    await this.#file.close();
  }
}

function errorKind(outcome: Reply["outcome"], status: number | undefined): ErrorKind {
  if (outcome === "unknown") return "unknown";
  return status === 429 || status === 503 ? "overload" : "refused";
}

/** The first line of a history. */
export function headerOf(plan: RunPlan): RunHeader {
  const { runId, startedAt, seed, settings, sale } = plan;
  return { kind: "run", version: HISTORY_VERSION, runId, startedAt, seed, settings, sale };
}

/** The line of an operation; each kind carries the fields that the record gives it. */
function lineOf(job: Job, answer: Answer, endedMs: number): Line<Op> {
  const { request } = job;
  const { facts } = answer;
  const base = {
    kind: "op" as const,
    id: job.id,
    client: job.client,
    intendedMs: micro(job.intendedMs),
    invokedMs: micro(job.invokedMs),
    endedMs: micro(endedMs),
    outcome: answer.outcome,
    status: answer.status,
    code: answer.code,
    attack: request.attack,
    habit: request.habit,
  };
  const { position, pollAfterSeconds, pass, passExpiresAt, reservationStatus } = facts;
  switch (request.op) {
    case "join":
      return { ...base, op: "join", position, pollAfterSeconds };
    case "poll":
      return { ...base, op: "poll", position, pollAfterSeconds, pass, passExpiresAt };
    case "leave":
      return { ...base, op: "leave" };
    case "reserve":
      return {
        ...base,
        op: "reserve",
        pass: request.pass,
        key: request.key,
        productId: request.productId,
        quantity: request.quantity,
        reservationId: facts.reservationId,
        sagaId: facts.sagaId,
      };
    case "follow":
    case "cancel":
      return { ...base, op: request.op, reservationId: request.reservationId, reservationStatus };
  }
}
