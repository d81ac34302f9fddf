/** A process of ours that may die at any moment, and a supervisor that starts it again. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import type { Arming, FailpointName } from "../../services/common/failpoints.ts";

export interface ProcessSpec {
  /** Unique in the cluster: "ticket-1". */
  readonly name: string;
  readonly service: string;
  /** Arguments of node; the process prints one JSON document with `urls` once it is up. */
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Where its stderr goes. */
  readonly logFile: string;
}

/** `itself`: nobody has killed it, which no process of ours may do. */
export type CauseOfDeath =
  | { readonly by: "failpoint"; readonly point: FailpointName }
  | { readonly by: "signal" }
  | { readonly by: "itself"; readonly words: string };

export interface Death {
  readonly process: string;
  readonly cause: CauseOfDeath;
  /** performance.now() */
  readonly atMs: number;
}

/** What it stood on is away: it says so, and is started again until it is back. */
const UNAVAILABLE = 69;
const AGAIN_MS = 200;
const UP_WITHIN_MS = 60_000;
/** The longest that a timer can wait. */
const LONGEST_WAIT_MS = 2_000_000_000;

export class MortalProcess {
  readonly spec: ProcessSpec;
  readonly #onDeath: (death: Death) => void;
  #child: ChildProcess | undefined;
  #up = Promise.withResolvers<void>();
  #died = Promise.withResolvers<void>();
  readonly #deaths: Death[] = [];
  #armed: readonly Arming[] = [];
  #killedByUs = false;
  #stopping = false;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(spec: ProcessSpec, onDeath: (death: Death) => void) {
    this.spec = spec;
    this.#onDeath = onDeath;
  }

  /** Starts it; armed with these failpoints. Resolves when it is up. */
  start(armed: readonly Arming[]): Promise<void> {
    this.#armed = armed;
    this.#launch();
    return this.up();
  }

  /** Failpoints of the next life. */
  armNext(armed: readonly Arming[]): void {
    this.#armed = armed;
  }

  /** Resolves when it is up, now or after what keeps it down. */
  up(): Promise<void> {
    return this.#up.promise;
  }

  /** How often it has died. */
  get deaths(): number {
    return this.#deaths.length;
  }

  /** Its n-th death (from 1); undefined when that does not come within the time. */
  async death(number: number, withinMs = Number.POSITIVE_INFINITY): Promise<Death | undefined> {
    const end = performance.now() + withinMs;
    while (this.#deaths.length < number) {
      const left = end - performance.now();
      if (left <= 0) return undefined;
      const patience = new AbortController();
      const late = wait(Math.min(left, LONGEST_WAIT_MS), undefined, patience).catch(() => {});
      await Promise.race([this.#died.promise, late]);
      patience.abort();
    }
    return this.#deaths[number - 1];
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(): Promise<void> {
    const died = this.#died.promise;
    this.#killedByUs = true;
    this.#child?.kill("SIGKILL");
    await died;
  }

  /** Stands still, its connections open, until {@link resume}; as a machine that swaps would. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Ends it for good, as it has to bear at any moment: orderly farewells took 5 s of every run. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  #launch(): void {
    const { args, environment, logFile } = this.spec;
    const failpoints = this.#armed.map(textOf).join(",");
    const child = spawn(process.execPath, args, {
      env: { ...environment, FAILPOINTS: failpoints },
      // Its IPC channel closes with us: however we end, it does not stay behind.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    this.#child = child;
    let isUp = false;
    let lastWords = "";
    let point: FailpointName | undefined;
    createInterface({ input: child.stdout! }).on("line", (line) => {
      if (!isUp && line.includes('"urls"')) {
        isUp = true;
        this.#up.resolve();
      }
    });
    createInterface({ input: child.stderr! }).on("line", (line) => {
      appendFileSync(logFile, `${line}\n`);
      const killed = /^failpoint ([\w.]+): kill$/.exec(line);
      if (killed) point = killed[1] as FailpointName;
      // Not the places of a stack trace: what it says went wrong.
      else if (!/^(\s|Node\.js v|$)/.test(line)) lastWords = line.slice(0, 300);
    });
    this.#ended = new Promise<void>((resolve) => {
      child.once("close", (code, signal) => {
        resolve();
        const ended = `code ${code ?? signal}${lastWords ? `: ${lastWords}` : ""}`;
        this.#onEnd(isUp, code, point, ended);
      });
    });
  }

  #onEnd(wasUp: boolean, code: number | null, point: FailpointName | undefined, ended: string) {
    if (this.#stopping) return;
    const byUs = this.#killedByUs;
    this.#killedByUs = false;
    if (!wasUp && !byUs && !point && code === UNAVAILABLE) {
      setTimeout(() => this.#stopping || this.#launch(), AGAIN_MS);
      return;
    }
    const death: Death = {
      process: this.spec.name,
      cause: causeOf(byUs, point, ended),
      atMs: performance.now(),
    };
    if (wasUp) this.#up = Promise.withResolvers<void>();
    const died = this.#died;
    this.#died = Promise.withResolvers<void>();
    this.#deaths.push(death);
    this.#onDeath(death);
    died.resolve();
    // One turn later: whoever was waiting may arm its next life.
    setTimeout(() => this.#stopping || this.#launch(), death.cause.by === "itself" ? AGAIN_MS : 0);
  }
}

function causeOf(byUs: boolean, point: FailpointName | undefined, ended: string): CauseOfDeath {
  if (point) return { by: "failpoint", point };
  return byUs ? { by: "signal" } : { by: "itself", words: ended };
}

/** As FAILPOINTS reads it. */
export function textOf({ point, action, when }: Arming): string {
  const how = action.does === "pause" ? `pause(${action.ms})` : action.does;
  return `${point}:${how}${"at" in when ? `@${when.at}` : `/${when.each}`}`;
}

/** @throws Error where the process did not come up: nothing can be concluded then. */
export async function upInTime(mortal: MortalProcess): Promise<void> {
  const patience = new AbortController();
  const late = wait(UP_WITHIN_MS, "late" as const, { signal: patience.signal }).catch(() => {});
  const outcome = await Promise.race([mortal.up(), late]);
  patience.abort();
  if (outcome === "late") {
    throw new Error(`${mortal.spec.name} did not come up in ${UP_WITHIN_MS / 1_000} s`);
  }
}
