/**
 * Runs a crowd with several processes of this machine: each drives its share of the clients and
 * writes its own part of the history; one history and one picture are made of them all.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunEnd } from "../judge/history.ts";
import { clockOrigin, startClock } from "./clock.ts";
import { mergeHistories } from "./merge-histories.ts";
import { added, mergeHealth, mergeSnapshots } from "./merge-views.ts";
import { assertPlan, type RunPlan } from "./plan.ts";
import { headerOf } from "./recorder.ts";
import type { RunHandle, RunOutput, RunResult } from "./run-handle.ts";
import { dealt, type Share } from "./share.ts";
import { type Snapshot, snapshotBefore } from "./snapshot.ts";
import type { FromWorker, ToWorker, WorkerResult, WorkerView } from "./worker-messages.ts";

/** What a watcher and the one who waits for its end need of a run. */
export type SharedRun = Pick<RunHandle, "snapshot" | "done" | "controls"> &
  Partial<Pick<RunHandle, "fault">>;

/**
 * Like `runSale`, over so many processes, at most one a client. Their clocks are one (see
 * `startClock`), the doors open for all at the same instant, once all are ready. Rejects with Error
 * when a worker ends by itself: what it saw is then lost, and nothing can be judged.
 */
export function runWithWorkers(
  plan: RunPlan,
  out: RunOutput,
  signal: AbortSignal,
  count: number,
): SharedRun {
  assertPlan(plan);
  const of = Math.min(count, plan.settings.clients);
  const crew = new Crew(plan, out.historyPath, of);
  return { snapshot: () => crew.snapshot(), done: crew.run(signal) };
}

/** The doors open so long after the last worker was ready: the message has then arrived. */
const OPENING_MS = 100;

class Crew {
  readonly #plan: RunPlan;
  readonly #path: string;
  readonly #originNs = clockOrigin();
  readonly #clock = startClock(this.#originNs);
  readonly #children: readonly ChildProcess[];
  readonly #views: (WorkerView | undefined)[];
  readonly #results: (WorkerResult | undefined)[];
  readonly #outcome = Promise.withResolvers<readonly WorkerResult[]>();
  #ready = 0;

  constructor(plan: RunPlan, path: string, of: number) {
    this.#plan = plan;
    this.#path = path;
    this.#views = new Array(of).fill(undefined);
    this.#results = new Array(of).fill(undefined);
    const main = join(import.meta.dirname, "worker-process.ts");
    this.#children = Array.from({ length: of }, () =>
      // A process group of its own: a terminal's Ctrl-C is for us, and we end the workers in order.
      spawn(process.execPath, [main], {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        detached: true,
        serialization: "advanced",
      }),
    );
  }

  snapshot(): Snapshot {
    const views = this.#views.flatMap((view) => view ?? []);
    if (views.length === this.#views.length) return mergeSnapshots(views);
    const { settings, sale } = this.#plan;
    return snapshotBefore(settings.clients, sale.permitsPerMinute);
  }

  async run(signal: AbortSignal): Promise<RunResult> {
    for (const [index, child] of this.#children.entries()) this.#start(index, child);
    const stop = () => this.#tellAll({ type: "stop" });
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await this.#conclude(await this.#outcome.promise);
    } finally {
      signal.removeEventListener("abort", stop);
      for (const child of this.#children) if (child.connected) child.disconnect();
      await Promise.all(this.#children.map((_, index) => rm(this.#partOf(index), { force: true })));
    }
  }

  #start(index: number, child: ChildProcess): void {
    child.on("message", (message: FromWorker) => this.#heard(index, message));
    child.once("error", (error) => this.#outcome.reject(error));
    child.once("exit", () => {
      if (this.#results[index] !== undefined) return;
      this.#outcome.reject(new Error(`worker ${index} of the load engine ended by itself`));
    });
    const share: Share = { index, of: this.#children.length };
    const plan = { ...this.#plan, share, accounts: dealt(this.#plan.accounts, share) };
    const historyPath = this.#partOf(index);
    tell(child, { type: "run", plan, historyPath, originNs: String(this.#originNs) });
  }

  #heard(index: number, message: FromWorker): void {
    switch (message.type) {
      case "ready":
        this.#ready += 1;
        if (this.#ready < this.#children.length) return;
        this.#tellAll({ type: "open", atMs: this.#clock.now() + OPENING_MS });
        return;
      case "view":
        this.#views[index] = message.view;
        return;
      case "done": {
        this.#views[index] = message.result;
        this.#results[index] = message.result;
        const results = this.#results.flatMap((result) => result ?? []);
        if (results.length === this.#results.length) this.#outcome.resolve(results);
        return;
      }
      case "failed":
        this.#outcome.reject(new Error(message.because));
        return;
    }
  }

  async #conclude(results: readonly WorkerResult[]): Promise<RunResult> {
    const snapshot = mergeSnapshots(results);
    const tester = mergeHealth(results);
    const reason = reasonOf(results.map((result) => result.reason));
    const parts = results.map((_, index) => this.#partOf(index));
    const end: RunEnd = { kind: "end", atMs: snapshot.elapsedMs, reason, tester };
    await mergeHistories(parts, this.#path, headerOf(this.#plan), end);
    return {
      reason,
      historyPath: this.#path,
      operations: results.reduce((n, one) => n + one.operations, 0),
      tester,
      connectionWaitMs: added(results.map(({ meters }) => meters.connectionWait)).percentiles(),
      snapshot,
    };
  }

  #partOf(index: number): string {
    return `${this.#path}.part-${index}`;
  }

  #tellAll(message: ToWorker): void {
    for (const child of this.#children) tell(child, message);
  }
}

function tell(child: ChildProcess, message: ToWorker): void {
  // The callback takes the error of a child that has just gone; its exit says what matters.
  if (child.connected) child.send(message, () => undefined);
}

/** The run ended as its least lucky part did. */
function reasonOf(reasons: readonly RunEnd["reason"][]): RunEnd["reason"] {
  if (reasons.includes("interrupted")) return "interrupted";
  return reasons.includes("time-limit") ? "time-limit" : "everyone-done";
}
