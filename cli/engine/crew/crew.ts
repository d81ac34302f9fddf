/**
 * Conducts the processes that drive a run together: each drives its share of the clients and writes
 * its own part of the history; one history and one picture are made of them all.
 */
import { rm } from "node:fs/promises";
import type { RunEnd, TesterHealth } from "../../judge/history.ts";
import { clockOrigin, type EngineClock, startClock } from "../clock.ts";
import { LiveControls } from "../live-controls.ts";
import { assertPlan, type RunPlan } from "../plan.ts";
import { headerOf } from "../recorder.ts";
import type { RunHandle, RunResult } from "../run-handle.ts";
import { type Snapshot, snapshotBefore } from "../snapshot.ts";
import type { CrewMember, MemberListener } from "./crew-member.ts";
import {
  type HistoryPart,
  mergeHistories,
  type Order,
  type OwnLine,
  readOrder,
} from "./merge-histories.ts";
import { added, mergeHealth, mergeSnapshots } from "./merge-views.ts";
import { dealt } from "./share.ts";
import type { FromWorker, WorkerResult, WorkerView } from "./worker-messages.ts";

/** What a watcher and the one who waits for its end need of a run. */
export type SharedRun = Pick<RunHandle, "snapshot" | "done" | "controls" | "fault" | "shown">;

/** A member as the crew knows it; either `order` or `lost` is set at the end. */
interface Hand {
  readonly member: CrewMember;
  readonly partPath: string;
  ready: boolean;
  view?: WorkerView;
  result?: WorkerResult;
  /** Of its part, once that is here and whole. */
  order?: Order;
  /** Why its clients are not on record. */
  lost?: string;
}

/** Everybody ended, and this is what their parts say together. */
interface Sum {
  readonly whole: readonly (Hand & { result: WorkerResult; order: Order })[];
  readonly tester: TesterHealth;
  readonly snapshot: Snapshot;
}

/**
 * The doors open for all at the same instant, once all are ready. A member that is lost, or whose
 * part does not come whole, ends the run: the others' parts are kept, and the record says by
 * `lostWorkers` that it lacks a part of the crowd, which makes the run invalid.
 */
export class Crew {
  readonly #plan: RunPlan;
  readonly #path: string;
  readonly #originNs = clockOrigin();
  readonly #clock: EngineClock = startClock(this.#originNs);
  readonly #hands: readonly Hand[];
  readonly #own: OwnLine[] = [];
  /** What is told now has reached every member after so long. */
  readonly #noticeMs: number;
  readonly #controls: LiveControls;
  #news: string | undefined;
  #open = false;
  readonly #everybody = Promise.withResolvers<void>();
  #ended = false;

  /** At most one member a client. Throws RangeError for a plan that cannot be followed. */
  constructor(plan: RunPlan, path: string, members: readonly CrewMember[]) {
    assertPlan(plan);
    this.#plan = plan;
    this.#path = path;
    this.#hands = members.map((member, index) => {
      return { member, partPath: `${path}.part-${index}`, ready: false };
    });
    this.#noticeMs = Math.max(...members.map((member) => member.noticeMs));
    this.#controls = new LiveControls({
      isSelling: () => this.#open && !this.#ended,
      isOver: () => this.#ended,
      nowMs: () => this.#nowMs(),
      noticeMs: this.#noticeMs,
      carryOut: (change) => {
        for (const { member } of this.#hands) member.carryOut(change);
      },
      write: (atMs, text, permitsPerMinute) => {
        this.#news = text;
        const limit = permitsPerMinute === undefined ? {} : { permitsPerMinute };
        this.#note({ kind: "note", atMs, text, ...limit });
      },
    });
  }

  begin(signal: AbortSignal): SharedRun {
    return {
      snapshot: () => this.#snapshot(),
      done: this.#run(signal),
      controls: this.#controls,
      fault: (what, target, text) => {
        this.#news = text;
        this.#note({ kind: "fault", atMs: this.#nowMs(), what, target, text });
      },
      shown: (products) => this.#note({ kind: "shown", atMs: this.#nowMs(), products }),
    };
  }

  #snapshot(): Snapshot {
    const views = this.#hands.flatMap(({ view }) => view ?? []);
    const { settings, sale } = this.#plan;
    const merged =
      views.length === this.#hands.length
        ? mergeSnapshots(views)
        : snapshotBefore(settings.clients, sale.permitsPerMinute);
    const lost = this.#hands.find((hand) => hand.lost !== undefined);
    const news = lost === undefined ? this.#news : `${lostInWords(lost)} is lost`;
    const { arrivalsPaused, permitsPerMinute = merged.admissions.permitsPerMinute } =
      this.#controls;
    const admissions = { ...merged.admissions, permitsPerMinute };
    return { ...merged, arrivalsPaused, admissions, ...(news !== undefined && { news }) };
  }

  #nowMs(): number {
    return Math.round(this.#clock.now() * 1_000) / 1_000;
  }

  #note(line: OwnLine): void {
    if (!this.#ended) this.#own.push(line);
  }

  async #run(signal: AbortSignal): Promise<RunResult> {
    for (const [index, hand] of this.#hands.entries()) this.#start(index, hand);
    const stop = () => this.#stopAll();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      await this.#everybody.promise;
      this.#ended = true;
      await Promise.all(this.#hands.map((hand) => this.#bring(hand)));
      return await this.#conclude();
    } finally {
      signal.removeEventListener("abort", stop);
      await Promise.all(this.#hands.map(({ member }) => member.dismiss()));
      await Promise.all(this.#hands.map(({ partPath }) => rm(partPath, { force: true })));
    }
  }

  #start(index: number, hand: Hand): void {
    const share = { index, of: this.#hands.length };
    const { probing, ...rest } = this.#plan;
    const accounts = dealt(this.#plan.accounts, share);
    // One prober: its sales and its people are there once.
    const own = { ...rest, share, accounts, ...(index === 0 && probing && { probing }) };
    const listener: MemberListener = {
      heard: (message) => this.#heard(hand, message),
      lost: (because) => this.#lose(hand, because),
    };
    const { partPath } = hand;
    hand.member.start({ plan: own, partPath, originNs: this.#originNs }, listener);
  }

  #heard(hand: Hand, message: FromWorker): void {
    if (hand.lost !== undefined || hand.result !== undefined) return;
    switch (message.type) {
      case "ready":
        hand.ready = true;
        if (this.#hands.every(({ ready }) => ready)) this.#openDoors();
        return;
      case "view":
        hand.view = message.view;
        return;
      case "done":
        hand.view = message.result;
        hand.result = message.result;
        this.#checkEverybody();
        return;
      case "failed":
        this.#lose(hand, message.because);
        return;
    }
  }

  #openDoors(): void {
    const atMs = this.#clock.now() + this.#noticeMs;
    this.#open = true;
    for (const { member } of this.#hands) member.open(atMs);
  }

  #lose(hand: Hand, because: string): void {
    if (hand.lost !== undefined || hand.result !== undefined) return;
    hand.lost = because;
    // The rest of the crowd would go on for nothing: the run is invalid already.
    this.#stopAll();
    this.#checkEverybody();
  }

  #stopAll(): void {
    for (const { member } of this.#hands) member.stop();
  }

  #checkEverybody(): void {
    const over = this.#hands.every(({ result, lost }) => (result ?? lost) !== undefined);
    if (over) this.#everybody.resolve();
  }

  async #bring(hand: Hand): Promise<void> {
    if (hand.result === undefined) return;
    try {
      await hand.member.bring();
      hand.order = await readOrder(hand.partPath, hand.result.operations);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      hand.lost = `its record did not come whole: ${why}`;
    }
  }

  #sum(): Sum {
    const whole = this.#hands.flatMap((hand) => {
      const { result, order, lost } = hand;
      return !result || !order || lost !== undefined ? [] : [{ ...hand, result, order }];
    });
    const lostWorkers = this.#hands.filter(({ lost }) => lost !== undefined).map(lostInWords);
    const results = whole.map(({ result }) => result);
    const nobody = snapshotBefore(this.#plan.settings.clients, this.#plan.sale.permitsPerMinute);
    const { requestsPerSecond: _, inFlight: __, rssMb: ___, ...idle } = nobody.tester;
    const health = results.length === 0 ? idle : mergeHealth(results);
    return {
      whole,
      tester: lostWorkers.length === 0 ? health : { ...health, lostWorkers },
      snapshot: results.length === 0 ? nobody : mergeSnapshots(results),
    };
  }

  async #conclude(): Promise<RunResult> {
    const { whole, tester, snapshot } = this.#sum();
    const results = whole.map(({ result }) => result);
    const reasons = results.map(({ reason }) => reason);
    const reason = tester.lostWorkers === undefined ? reasonOf(reasons) : "interrupted";
    // A change is written down at the time at which it is carried out, which is a little later.
    const own = this.#own.toSorted((a, b) => a.atMs - b.atMs);
    const atMs = Math.max(snapshot.elapsedMs, own.at(-1)?.atMs ?? 0);
    const end: RunEnd = { kind: "end", atMs, reason, tester };
    const clocks = whole.map(({ member }) => member.clock?.());
    const parts = whole.map(({ partPath: path, order }, index): HistoryPart => {
      const toRun = clocks[index]?.toRun;
      return { path, order, ...(toRun && { toRun }) };
    });
    const known = whole.flatMap(({ member: { name } }, index) => {
      const clock = clocks[index];
      if (clock === undefined) return [];
      const { errorMs, driftMs, exchanges } = clock;
      return [{ worker: name, errorMs: micro(errorMs), driftMs: micro(driftMs), exchanges }];
    });
    const header = { ...headerOf(this.#plan), ...(known.length > 0 && { clocks: known }) };
    await mergeHistories(parts, this.#path, header, { own, end });
    return {
      reason,
      historyPath: this.#path,
      operations: results.reduce((n, one) => n + one.operations, 0),
      tester,
      connectionWaitMs: added(results.map(({ meters }) => meters.connectionWait)).percentiles(),
      snapshot,
    };
  }
}

const lostInWords = ({ member, lost }: Hand): string => `${member.name} (${lost})`;

/** Rounded up to a microsecond, away from 0: a bound must not shrink. */
function micro(ms: number): number {
  return (Math.sign(ms) * Math.ceil(Math.abs(ms) * 1_000)) / 1_000;
}

/** The run ended as its least lucky part did. */
function reasonOf(reasons: readonly RunEnd["reason"][]): RunEnd["reason"] {
  if (reasons.includes("interrupted")) return "interrupted";
  return reasons.includes("time-limit") ? "time-limit" : "everyone-done";
}
