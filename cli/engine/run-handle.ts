/** What a run is given besides its plan, what may be asked of it, and what it comes to. */
import type { RunEnd, ShownStock, TesterHealth } from "../judge/history.ts";
import type { EngineClock } from "./clock.ts";
import type { Change } from "./live-controls.ts";
import type { MeterReadings, Percentiles } from "./meters.ts";
import type { Snapshot } from "./snapshot.ts";

export interface RunOutput {
  /** Replaced if it is there; its folder must exist. */
  readonly historyPath: string;
}

export interface RunResult {
  readonly reason: RunEnd["reason"];
  readonly historyPath: string;
  /** Lines of kind `op` in the history. */
  readonly operations: number;
  readonly tester: TesterHealth;
  /**
   * On the wire minus handed to the driver. Not part of `sendLagMs`: a slow target fills the
   * connections just as too few of them do. Large beside a fast target: give it more connections.
   */
  readonly connectionWaitMs: Percentiles;
  /** As the run ended; its phase is `settling`. */
  readonly snapshot: Snapshot;
}

/** Holds a run back until all processes that drive it are ready. */
export interface Gate {
  /** This one is. */
  ready(): void;
  /** When the doors open, by the run's clock. */
  readonly opens: Promise<number>;
}

/** How one of several processes keeps step with the others. */
export interface InStep {
  readonly clock: EngineClock;
  readonly gate: Gate;
}

export interface RunHandle {
  /** Where the run is now; cheap enough for ten calls a second. */
  snapshot(): Snapshot;
  /** What a person may change meanwhile. */
  readonly controls: RunControls;
  /** Of one of several processes: a change that whoever conducts them has written down. */
  carryOut(change: Change): void;
  /** Something is being done to the target on purpose; after the run's end nobody minds. */
  fault(what: string, target: string, text: string): void;
  /** What another system shows of its stock now; after the run's end nobody minds. */
  shown(products: ShownStock["products"]): void;
  /** For whoever adds up the meters of several processes. */
  meters(): MeterReadings;
  /** Rejects with Error where the history cannot be written; nothing else makes it reject. */
  readonly done: Promise<RunResult>;
}

export interface RunControls {
  /** Something that people should see on the time line. */
  note(text: string): void;
  /** Nobody new comes until it is told otherwise; both are noted in the record. */
  pauseArrivals(paused: boolean): void;
  /** The target has, or may have, another admission limit now: noted, and the judges know. */
  limitChanged(permitsPerMinute: number): void;
}
