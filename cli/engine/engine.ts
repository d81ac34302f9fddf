/**
 * Runs a crowd of virtual clients against a sale and records everything they see. Nobody's screen,
 * judge or process is known here: a handle gives snapshots and, at the end, the result.
 */
import type { RunEnd, TesterHealth } from "../judge/history.ts";
import { type EngineClock, startClock } from "./clock.ts";
import { Counter } from "./counter.ts";
import { Crowd } from "./crowd.ts";
import type { StockReading } from "./display-board.ts";
import { Doors } from "./doors.ts";
import { type Change, LiveControls } from "./live-controls.ts";
import { type MeterReadings, Meters } from "./meters.ts";
import { assertPlan, type RunPlan, tuningOf } from "./plan.ts";
import { Probing } from "./probing/probing.ts";
import { Recorder } from "./recorder.ts";
import type { InStep, RunHandle, RunOutput, RunResult } from "./run-handle.ts";
import { Scheduler } from "./scheduler.ts";
import type { Snapshot } from "./snapshot.ts";
import { takeSnapshot } from "./take-snapshot.ts";
import { HealthWatch } from "./tester-health.ts";
import { Wire } from "./wire.ts";

export type { RunControls, RunHandle, RunOutput, RunResult } from "./run-handle.ts";

/**
 * Starts the run at once. It ends when every client has ended, at the plan's time limit, or within
 * about a second of the signal; operations then still on the wire are recorded as unknown.
 * Throws RangeError for a plan that cannot be followed.
 */
export function runSale(
  plan: RunPlan,
  out: RunOutput,
  signal: AbortSignal,
  inStep?: InStep,
): RunHandle {
  assertPlan(plan);
  const run = new SaleRun(plan, out.historyPath, inStep);
  const done = run.start(signal);
  const fault: RunHandle["fault"] = (...words) => run.fault(...words);
  return {
    snapshot: () => run.snapshot(),
    meters: () => run.meters(),
    fault,
    shown: (products) => run.shown(products),
    controls: run.controls,
    carryOut: (change) => run.carryOut(change),
    done,
  };
}

const SECOND_MS = 1_000;
/** After "sold out" the line walks away at no more than this many clients a second. */
const LEAVING_PER_SECOND = 500;

class SaleRun {
  readonly #plan: RunPlan;
  readonly #path: string;
  readonly #clock: EngineClock;
  readonly #meters = new Meters();
  readonly #health = new HealthWatch();
  readonly #recorder: Recorder;
  readonly #scheduler: Scheduler;
  readonly #crowd: Crowd;
  readonly #wire: Wire;
  readonly #counter: Counter;
  readonly #doors: Doors;
  readonly #probing: Probing;
  readonly controls = new LiveControls({
    isSelling: () => this.#doors.open && this.#ended === undefined,
    isOver: () => this.#ended !== undefined,
    nowMs: () => this.#clock.now(),
    noticeMs: 0,
    carryOut: (change) => this.carryOut(change),
    write: (...words) => this.#tell(...words),
  });
  /** The scheduler's keys after the clients' own. */
  readonly #tickKey: number;
  readonly #stockKey: number;
  readonly #limitKey: number;
  readonly #outcome = Promise.withResolvers<RunResult>();
  #permitsPerMinute: number;
  #news: string | undefined;
  #ended: { readonly atMs: number; readonly tester: TesterHealth } | undefined;
  #stopListening: () => void = () => undefined;

  constructor(plan: RunPlan, path: string, inStep: InStep | undefined) {
    this.#plan = plan;
    this.#path = path;
    this.#clock = inStep?.clock ?? startClock();
    this.#permitsPerMinute = plan.sale.permitsPerMinute;
    const { clients } = plan.settings;
    this.#tickKey = clients;
    this.#stockKey = clients + 1;
    this.#limitKey = clients + 2;
    this.#scheduler = new Scheduler(this.#clock, clients + 3, (key, due) => this.#onDue(key, due));
    this.#doors = new Doors(plan, this.#clock, inStep?.gate, {
      opened: (fromMs) => this.#begin(fromMs),
      comes: (client, dueMs) => this.#scheduler.at(client, dueMs),
    });
    this.#crowd = new Crowd(plan, {
      send: (client, request, intendedMs) => this.#wire.send(client, request, intendedMs),
      wait: (client, dueMs) => this.#scheduler.at(client, dueMs),
      admitted: () => this.#meters.admitted(),
      gone: (client) => this.#wire.release(client),
      everyoneEnded: () => void this.#probing.done.finally(() => this.#finish("everyone-done")),
    });
    this.#recorder = new Recorder(plan, path, this.#meters, {
      caughtUp: () => this.#scheduler.release(),
      failed: (error) => this.#abandon(error),
    });
    this.#wire = new Wire(plan, this.#clock, this.#recorder, this.#meters, (...answered) => {
      if (this.#recorder.behind) this.#scheduler.hold();
      this.#crowd.answered(...answered);
      this.#scheduler.catchUp();
    });
    this.#counter = new Counter(plan, this.#clock, {
      read: (products, nowMs) => this.#onStock(products, nowMs),
      soldOut: (nowMs) => this.#sendHome(nowMs),
      blind: (code, nowMs) => this.#onBlind(code, nowMs),
    });
    this.#probing = new Probing(plan, () => this.#clock.now(), this.#recorder);
  }

  start(signal: AbortSignal): Promise<RunResult> {
    const stop = () => this.#finish("interrupted");
    signal.addEventListener("abort", stop, { once: true });
    this.#stopListening = () => signal.removeEventListener("abort", stop);
    if (signal.aborted) stop();
    // The crowd waits for the first reading: it shows the stock before anyone came, and the code
    // that the first request of a process has to load makes nobody late.
    else if (this.#plan.dialect === undefined) this.#counter.look();
    else this.#doors.ready();
    return this.#outcome.promise;
  }

  /** The doors are open: everything is timed from now. */
  #begin(fromMs: number): void {
    this.#probing.start();
    this.#scheduler.at(this.#tickKey, fromMs + SECOND_MS);
    this.#scheduler.at(this.#stockKey, fromMs + tuningOf(this.#plan).stockEveryMs);
    this.#scheduler.at(this.#limitKey, fromMs + this.#plan.timeLimitSeconds * SECOND_MS);
  }

  carryOut(change: Change): void {
    if (this.#ended !== undefined) return;
    if (change.what === "limit") {
      this.#permitsPerMinute = change.permitsPerMinute;
      this.#recorder.limitChanged(change.permitsPerMinute);
    } else if (change.paused) {
      this.#doors.shut(change.atMs);
    } else {
      this.#doors.reopen(change.atMs);
    }
  }

  snapshot(): Snapshot {
    const running = this.#doors.open ? "selling" : "starting";
    return takeSnapshot({
      phase: this.#ended === undefined ? running : "settling",
      elapsedMs: this.#ended?.atMs ?? this.#clock.now(),
      clients: this.#crowd.counts,
      placesTold: this.#crowd.placesTold,
      bookings: this.#crowd.bookings,
      permitsPerMinute: this.#permitsPerMinute,
      arrivalsPaused: this.#doors.paused,
      stock: this.#counter.stock,
      meters: this.#meters,
      health: this.#ended?.tester ?? this.#health.read(this.#meters, 0),
      inFlight: this.#recorder.inFlight,
      connections: this.#wire.connections,
      rssMb: this.#health.rssMb(),
      news: this.#news,
      verdicts: this.#recorder.early,
    });
  }

  fault(...[what, target, text]: Parameters<RunHandle["fault"]>): void {
    if (this.#ended !== undefined) return;
    this.#news = text;
    this.#recorder.fault(this.#clock.now(), what, target, text);
  }

  shown(products: Parameters<RunHandle["shown"]>[0]): void {
    if (this.#ended === undefined) this.#recorder.shown(this.#clock.now(), products);
  }

  meters(): MeterReadings {
    return this.#meters.readings();
  }

  #onDue(key: number, dueMs: number): void {
    if (key < this.#tickKey) {
      if (this.#doors.letsIn(key, dueMs)) this.#crowd.wake(key, dueMs);
    } else if (key === this.#tickKey) {
      this.#scheduler.at(key, dueMs + SECOND_MS);
      this.#meters.tick(this.#crowd.waiting, this.#crowd.ended);
      this.#recorder.flush();
    } else if (key === this.#stockKey) {
      if (this.#plan.dialect !== undefined) return;
      this.#scheduler.at(key, dueMs + tuningOf(this.#plan).stockEveryMs);
      this.#counter.look();
    } else {
      this.#finish("time-limit");
    }
  }

  #onStock(products: readonly StockReading[], nowMs: number): void {
    this.#recorder.stock(nowMs, products);
    this.#doors.ready();
  }

  #onBlind(code: string, nowMs: number): void {
    this.#tell(nowMs, `the stock cannot be read: ${code}`);
    this.#doors.ready();
  }

  /** Those who wait would find out at their next poll; a board over the counter is seen sooner. */
  #sendHome(nowMs: number): void {
    this.#tell(nowMs, `sold out at ${(nowMs / SECOND_MS).toFixed(1)} s`);
    this.#crowd.tellSoldOut();
    const spanMs = Math.max(SECOND_MS, (this.#crowd.waiting * SECOND_MS) / LEAVING_PER_SECOND);
    for (let client = 0; client < this.#tickKey; client += 1) {
      const due = this.#scheduler.dueOf(client);
      const jitter = due === undefined ? undefined : this.#crowd.leavesWhenSoldOut(client);
      if (due === undefined || jitter === undefined) continue;
      this.#scheduler.at(client, Math.min(due, nowMs + jitter * spanMs));
    }
  }

  #tell(nowMs: number, news: string, permitsPerMinute?: number): void {
    this.#news = news;
    this.#recorder.note(nowMs, news, permitsPerMinute);
  }

  /** Stops everything at once, then writes the last lines; a second reason changes nothing. */
  #finish(reason: RunEnd["reason"]): void {
    if (this.#ended !== undefined) return;
    const closing = this.#stop();
    const { atMs, tester } = this.#ended!;
    const result: Omit<RunResult, "snapshot"> = {
      reason,
      historyPath: this.#path,
      operations: this.#recorder.operations,
      tester,
      connectionWaitMs: this.#meters.connectionWait.percentiles(),
    };
    const written = this.#recorder.finish(reason, atMs, tester);
    Promise.all([written, closing]).then(
      () => this.#outcome.resolve({ ...result, snapshot: this.snapshot() }),
      (error: unknown) => this.#outcome.reject(error),
    );
  }

  /** The history cannot be written, so there is nothing to run for. */
  #abandon(error: Error): void {
    if (this.#ended === undefined) void this.#stop();
    this.#outcome.reject(error);
  }

  #stop(): Promise<unknown> {
    const atMs = this.#clock.now();
    this.#scheduler.stop();
    this.#stopListening();
    this.#ended = { atMs, tester: this.#health.read(this.#meters, this.#droppedArrivals(atMs)) };
    this.#doors.lock();
    this.#health.stop();
    this.#crowd.giveUp();
    return Promise.all([this.#wire.close(), this.#counter.close(), this.#probing.stop()]);
  }

  /** Clients whose time had come but of whom nothing ever reached the wire. */
  #droppedArrivals(atMs: number): number {
    return this.#doors.countDropped(
      atMs,
      (client) => !this.#wire.hasBegun(client) && this.#crowd.isUnderWay(client),
    );
  }
}
