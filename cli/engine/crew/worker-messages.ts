/** What a run's main process and its workers say to each other; over IPC, so plain data only. */
import type { RunEnd, TesterHealth } from "../../judge/history.ts";
import type { Change } from "../live-controls.ts";
import type { MeterReadings } from "../meters.ts";
import type { RunPlan } from "../plan.ts";
import type { Snapshot } from "../snapshot.ts";

export type ToWorker =
  | {
      readonly type: "run";
      /** With the worker's share, and the accounts of that share alone. */
      readonly plan: RunPlan;
      /** The worker's own part of the history. */
      readonly historyPath: string;
      /** Of the clock that all processes read; a bigint as text. */
      readonly originNs: string;
    }
  | { readonly type: "open"; readonly atMs: number }
  | { readonly type: "change"; readonly change: Change }
  | { readonly type: "stop" };

/** Where a worker is. */
export interface WorkerView {
  readonly snapshot: Snapshot;
  readonly meters: MeterReadings;
}

export interface WorkerResult extends WorkerView {
  readonly reason: RunEnd["reason"];
  readonly operations: number;
  readonly tester: TesterHealth;
}

export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "view"; readonly view: WorkerView }
  | { readonly type: "done"; readonly result: WorkerResult }
  /** It cannot go on; one line. */
  | { readonly type: "failed"; readonly because: string };
