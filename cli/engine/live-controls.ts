/** What a person changes while a run goes on: put into words for the record, and carried out. */
import type { RunControls } from "./run-handle.ts";

/** A change as every process that drives the run carries it out. */
export type Change =
  | {
      readonly what: "arrivals";
      readonly paused: boolean;
      /** On the run's clock: the same instant for all, so that the plan's distances stay. */
      readonly atMs: number;
    }
  | { readonly what: "limit"; readonly permitsPerMinute: number };

export interface ChangedRun {
  /** Its doors are open, and it is not over. */
  isSelling(): boolean;
  isOver(): boolean;
  /** On the run's clock. */
  nowMs(): number;
  /** A change told now is known wherever it has to be after so long, at most. */
  readonly noticeMs: number;
  carryOut(change: Change): void;
  /** `permitsPerMinute`: the target's limit is that now. */
  write(atMs: number, text: string, permitsPerMinute?: number): void;
}

export class LiveControls implements RunControls {
  readonly #run: ChangedRun;
  #shutAtMs: number | undefined;
  #permitsPerMinute: number | undefined;

  constructor(run: ChangedRun) {
    this.#run = run;
  }

  get arrivalsPaused(): boolean {
    return this.#shutAtMs !== undefined;
  }

  /** Undefined while nobody has changed it. */
  get permitsPerMinute(): number | undefined {
    return this.#permitsPerMinute;
  }

  note(text: string): void {
    if (!this.#run.isOver()) this.#run.write(this.#run.nowMs(), text);
  }

  pauseArrivals(paused: boolean): void {
    if (!this.#run.isSelling() || paused === this.arrivalsPaused) return;
    const atMs = this.#run.nowMs() + this.#run.noticeMs;
    this.#run.carryOut({ what: "arrivals", paused, atMs });
    if (this.#shutAtMs === undefined) {
      this.#shutAtMs = atMs;
      this.#run.write(atMs, "arrivals paused");
      return;
    }
    const seconds = ((atMs - this.#shutAtMs) / 1_000).toFixed(1);
    this.#shutAtMs = undefined;
    this.#run.write(atMs, `arrivals go on, ${seconds} s later than planned`);
  }

  limitChanged(permitsPerMinute: number): void {
    if (this.#run.isOver()) return;
    this.#permitsPerMinute = permitsPerMinute;
    this.#run.carryOut({ what: "limit", permitsPerMinute });
    const text = `the limit is ${permitsPerMinute} admissions a minute from here on`;
    this.#run.write(this.#run.nowMs(), text, permitsPerMinute);
  }
}
