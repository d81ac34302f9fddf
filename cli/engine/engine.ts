/**
 * Runs a crowd of virtual clients against a sale and records everything they see. Nobody's screen,
 * judge or process is known here: a handle gives snapshots and, at the end, the result.
 */
import type { RunEnd, TesterHealth } from "../judge/history.ts";
import { ArrivalGate } from "./arrival-gate.ts";
import { arrivalTimes } from "./arrivals.ts";
import { castOf, gangsOf } from "./casting.ts";
import { type EngineClock, startClock } from "./clock.ts";
import { Crowd } from "./crowd.ts";
import { hear, NOT_OFFERED, say } from "./dialect.ts";
import { type DisplayBoard, OPEN_BOARD, readBoard, type StockReading } from "./display-board.ts";
import { type Drivers, openDrivers } from "./drivers.ts";
import { type MeterReadings, Meters } from "./meters.ts";
import { assertPlan, type RunPlan, shareOf, targetOf, tuningOf } from "./plan.ts";
import { Probing } from "./probing/probing.ts";
import { type Job, Recorder } from "./recorder.ts";
import type { Gate, InStep, RunControls, RunHandle, RunOutput, RunResult } from "./run-handle.ts";
import { Scheduler } from "./scheduler.ts";
import type { Outgoing } from "./script.ts";
import { isOwn } from "./share.ts";
import type { Snapshot } from "./snapshot.ts";
import { StockWatch } from "./stock-watch.ts";
import { takeSnapshot } from "./take-snapshot.ts";
import { HealthWatch } from "./tester-health.ts";

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
    // One of several processes does not decide for the others.
    ...(inStep ? {} : { controls: run }),
    done,
  };
}

const SECOND_MS = 1_000;
/** After "sold out" the line walks away at no more than this many clients a second. */
const LEAVING_PER_SECOND = 500;

class SaleRun implements RunControls {
  readonly #plan: RunPlan;
  readonly #path: string;
  readonly #clock: EngineClock;
  readonly #gate: Gate | undefined;
  readonly #meters = new Meters();
  readonly #health = new HealthWatch();
  readonly #recorder: Recorder;
  readonly #scheduler: Scheduler;
  readonly #crowd: Crowd;
  readonly #drivers: Drivers;
  readonly #watch: StockWatch;
  readonly #arrivals: ArrivalGate;
  #permitsPerMinute: number;
  readonly #probing: Probing;
  /** 1 for each client of whom a request has been on the wire, or could not get there. */
  readonly #began: Uint8Array;
  /** The scheduler's keys after the clients' own. */
  readonly #tickKey: number;
  readonly #stockKey: number;
  readonly #limitKey: number;
  readonly #outcome = Promise.withResolvers<RunResult>();
  #stock: readonly StockReading[];
  #begun = false;
  #board: DisplayBoard = OPEN_BOARD;
  #news: string | undefined;
  #ended: { readonly atMs: number; readonly tester: TesterHealth } | undefined;
  #stopListening: () => void = () => undefined;

  constructor(plan: RunPlan, path: string, inStep: InStep | undefined) {
    const { settings, sale, adminToken } = plan;
    this.#clock = inStep?.clock ?? startClock();
    this.#gate = inStep?.gate;
    const { clients } = settings;
    this.#plan = plan;
    this.#path = path;
    this.#stock = sale.products.map(({ id, name, totalStock }) => {
      return { id, name, totalStock, availableStock: totalStock, held: 0, pending: undefined };
    });
    const offsetsMs = plan.arrivalOffsetsMs;
    const arrivals = arrivalTimes({ ...settings, seed: plan.seed, offsetsMs });
    for (const [member, leader] of gangsOf(castOf(plan))) arrivals[member] = arrivals[leader]!;
    this.#arrivals = new ArrivalGate(arrivals);
    this.#permitsPerMinute = sale.permitsPerMinute;
    this.#began = new Uint8Array(clients);
    this.#tickKey = clients;
    this.#stockKey = clients + 1;
    this.#limitKey = clients + 2;
    this.#scheduler = new Scheduler(this.#clock, clients + 3, (key, due) => this.#onDue(key, due));
    this.#crowd = new Crowd(plan, {
      send: (client, request, intendedMs) => this.#send(client, request, intendedMs),
      wait: (client, dueMs) => this.#scheduler.at(client, dueMs),
      admitted: () => this.#meters.admitted(),
      gone: (client) => this.#release(client),
      everyoneEnded: () => void this.#probing.done.finally(() => this.#finish("everyone-done")),
    });
    this.#drivers = this.#makeDrivers();
    this.#watch = new StockWatch(targetOf(plan, "ticket"), adminToken, sale.eventId, this.#clock, {
      read: (products, nowMs) => this.#onStock(products, nowMs),
      blind: (code, nowMs) => this.#onBlind(code, nowMs),
    });
    this.#recorder = new Recorder(plan, path, this.#meters, {
      caughtUp: () => this.#scheduler.release(),
      failed: (error) => this.#abandon(error),
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
    else if (this.#plan.dialect === undefined) this.#watch.look();
    else this.#begin(this.#clock.now());
    return this.#outcome.promise;
  }

  /** Opens the doors: everything is timed from now. */
  #begin(fromMs: number): void {
    if (this.#begun || this.#ended !== undefined) return;
    this.#begun = true;
    const share = shareOf(this.#plan);
    this.#arrivals.begin(fromMs, (client, dueMs) => {
      if (isOwn(share, client)) this.#scheduler.at(client, dueMs);
    });
    this.#probing.start();
    this.#scheduler.at(this.#tickKey, fromMs + SECOND_MS);
    this.#scheduler.at(this.#stockKey, fromMs + tuningOf(this.#plan).stockEveryMs);
    this.#scheduler.at(this.#limitKey, fromMs + this.#plan.timeLimitSeconds * SECOND_MS);
  }

  pauseArrivals(paused: boolean): void {
    if (!this.#begun || this.#ended !== undefined || paused === this.#arrivals.paused) return;
    const nowMs = this.#clock.now();
    if (paused) {
      this.#arrivals.shut(nowMs);
      this.#tell(nowMs, "arrivals paused");
      return;
    }
    const shutMs = this.#arrivals.open(nowMs, (client, dueMs) => this.#scheduler.at(client, dueMs));
    this.#tell(nowMs, `arrivals go on, ${(shutMs / SECOND_MS).toFixed(1)} s later than planned`);
  }

  limitChanged(permitsPerMinute: number): void {
    if (this.#ended !== undefined) return;
    this.#permitsPerMinute = permitsPerMinute;
    const news = `the limit is ${permitsPerMinute} admissions a minute from here on`;
    this.#tell(this.#clock.now(), news, permitsPerMinute);
  }

  snapshot(): Snapshot {
    const running = this.#begun ? "selling" : "starting";
    return takeSnapshot({
      phase: this.#ended === undefined ? running : "settling",
      elapsedMs: this.#ended?.atMs ?? this.#clock.now(),
      clients: this.#crowd.counts,
      bookings: this.#crowd.bookings,
      permitsPerMinute: this.#permitsPerMinute,
      arrivalsPaused: this.#arrivals.paused,
      stock: this.#stock,
      meters: this.#meters,
      health: this.#ended?.tester ?? this.#health.read(this.#meters, 0),
      inFlight: this.#recorder.inFlight,
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

  #release(client: number): void {
    this.#drivers.queue.release(client);
    this.#drivers.ticket.release(client);
  }

  #makeDrivers(): Drivers {
    return openDrivers(this.#plan, this.#clock, {
      started: (job, nowMs) => this.#onStarted(job, nowMs),
      ended: (job, reply) => {
        this.#began[job.client] = 1;
        const answer = this.#recorder.ended(job, hear(this.#plan.dialect, job.request, reply));
        if (this.#recorder.behind) this.#scheduler.hold();
        this.#crowd.answered(job, answer, reply.endedMs);
        this.#scheduler.catchUp();
      },
    });
  }

  #onDue(key: number, dueMs: number): void {
    if (key < this.#tickKey) {
      const putOffMs = this.#arrivals.putOff(key, dueMs);
      if (putOffMs === undefined) this.#crowd.wake(key, dueMs);
      else if (putOffMs < Number.POSITIVE_INFINITY) this.#scheduler.at(key, putOffMs);
    } else if (key === this.#tickKey) {
      this.#scheduler.at(key, dueMs + SECOND_MS);
      this.#meters.tick(this.#crowd.waiting, this.#crowd.ended);
      this.#recorder.flush();
    } else if (key === this.#stockKey) {
      if (this.#plan.dialect !== undefined) return;
      this.#scheduler.at(key, dueMs + tuningOf(this.#plan).stockEveryMs);
      this.#watch.look();
    } else {
      this.#finish("time-limit");
    }
  }

  #send(client: number, request: Outgoing, intendedMs: number): void {
    const handedMs = this.#clock.now();
    this.#meters.sendLag.add(handedMs - intendedMs);
    const { dialect, accounts } = this.#plan;
    const said = say(dialect, request, accounts[client]!);
    const put = said ?? request;
    const job: Job = { client, request: put, intendedMs, handedMs, id: -1, invokedMs: -1 };
    if (said !== undefined) this.#drivers[said.service].send(job);
    else queueMicrotask(() => this.#crowd.answered(job, NOT_OFFERED, handedMs));
  }

  #onStarted(job: Job, nowMs: number): void {
    this.#began[job.client] = 1;
    this.#recorder.invoked(job, nowMs);
  }

  #onStock(products: readonly StockReading[], nowMs: number): void {
    this.#stock = products;
    this.#recorder.stock(nowMs, products);
    const before = this.#board;
    this.#board = readBoard(before, products);
    if (this.#board.soldOut && !before.soldOut) {
      this.#tell(nowMs, `sold out at ${(nowMs / SECOND_MS).toFixed(1)} s`);
      this.#sendHome(nowMs);
    }
    this.#ready();
  }

  /** The first reading is there, or will not come. */
  #ready(): void {
    if (this.#begun) return;
    if (this.#gate === undefined) {
      this.#begin(this.#clock.now());
    } else {
      this.#gate.ready();
      void this.#gate.opens.then((atMs) => this.#begin(atMs));
    }
  }

  #onBlind(code: string, nowMs: number): void {
    this.#tell(nowMs, `the stock cannot be read: ${code}`);
    this.#ready();
  }

  /** Those who wait would find out at their next poll; a board over the counter is seen sooner. */
  #sendHome(nowMs: number): void {
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
    this.#health.stop();
    this.#crowd.giveUp();
    const { queue, ticket } = this.#drivers;
    return Promise.all([
      ...[queue.close(), ticket.close(), this.#watch.close()],
      this.#probing.stop(),
    ]);
  }

  /** Clients whose time had come but of whom nothing ever reached the wire. */
  #droppedArrivals(atMs: number): number {
    if (!this.#begun) return 0;
    const share = shareOf(this.#plan);
    return this.#arrivals.countDropped(
      atMs,
      (client) =>
        isOwn(share, client) && this.#began[client] === 0 && this.#crowd.isUnderWay(client),
    );
  }
}
