/** One of the processes that drive a run together, wherever it runs, and the one of this machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { WorkerClock } from "../../judge/worker-clocks.ts";
import type { Change } from "../live-controls.ts";
import type { RunPlan } from "../plan.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** What a member is to do. */
export interface Task {
  /** With the member's share, and the accounts of that share alone. */
  readonly plan: RunPlan;
  /** Where its part of the history is to lie, on this machine, once {@link CrewMember.bring} is done. */
  readonly partPath: string;
  /** The 0 of the run's clock: a reading of this machine's monotonic clock. */
  readonly originNs: bigint;
}

export interface MemberListener {
  heard(message: FromWorker): void;
  /** It will say nothing more; said once at most. In words that follow its name. */
  lost(because: string): void;
}

export interface CrewMember {
  /** For people: what and where it is. */
  readonly name: string;
  /** A message to open takes so long to reach it, at most. */
  readonly noticeMs: number;
  start(task: Task, listener: MemberListener): void;
  /** The doors open at that time of the run's clock. */
  open(atMs: number): void;
  carryOut(change: Change): void;
  /** End the run now; it still says `done`. */
  stop(): void;
  /**
   * Once it has said `done`: its whole part of the history lies at the task's path.
   * Rejects with Error where it does not.
   */
  bring(): Promise<void>;
  /** What puts its part's times on the run's clock; absent where it reads the same clock. */
  clock?(): MemberClock;
  /** Done with, however the run went. */
  dismiss(): Promise<void>;
}

export interface MemberClock extends Omit<WorkerClock, "worker"> {
  toRun(ms: number): number;
}

const MAIN = join(import.meta.dirname, "worker-process.ts");

/** A process of this machine: it reads our clock and writes its part where we look. */
export class LocalMember implements CrewMember {
  readonly name: string;
  readonly noticeMs = 100;
  readonly #child: ChildProcess;

  constructor(name: string) {
    this.name = name;
    // A process group of its own: a terminal's Ctrl-C is for us, and we end the workers in order.
    this.#child = spawn(process.execPath, [MAIN], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      detached: true,
      serialization: "advanced",
    });
  }

  start({ plan, partPath, originNs }: Task, listener: MemberListener): void {
    this.#child.on("message", (message: FromWorker) => listener.heard(message));
    this.#child.once("error", (error) => listener.lost(`could not be started: ${error.message}`));
    this.#child.once("exit", () => listener.lost("ended by itself"));
    this.#tell({ type: "run", plan, historyPath: partPath, originNs: String(originNs) });
  }

  open(atMs: number): void {
    this.#tell({ type: "open", atMs });
  }

  carryOut(change: Change): void {
    this.#tell({ type: "change", change });
  }

  stop(): void {
    this.#tell({ type: "stop" });
  }

  async bring(): Promise<void> {}

  async dismiss(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
  }

  #tell(message: ToWorker): void {
    // The callback takes the error of a child that has just gone; its exit says what matters.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}
