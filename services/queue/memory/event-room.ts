/** One event's waiting room in memory: line, passes, rate and settings under one rule. */
import type {
  RedeemAnswer,
  Settings,
  SettingsChange,
  Stats,
} from "../../common/contracts/queue.ts";
import { decideAdmission, type Issued, paceAfter, type Sale, WINDOW_MS } from "../admission.ts";
import { adviseAdmitted, adviseWaiting, type PollHabit } from "../advice.ts";
import type {
  Admission,
  Admitted,
  IssuedPass,
  Joined,
  Joining,
  JournalEntry,
  Left,
  PlaceInLine,
  PlaceNumber,
  Poll,
  Polled,
  Redemption,
  Restored,
} from "../waiting-room-store.ts";
import { AdmissionJournal } from "./admission-journal.ts";
import { AdmissionTimes } from "./admission-times.ts";
import { type Pass, PassBook } from "./pass-book.ts";
import { Recovery } from "./recovery.ts";
import { type Place, WaitingLine } from "./waiting-line.ts";

export interface RoomRules {
  readonly waitingTtlMs: number;
  readonly mostWaiting: number;
  readonly mostJournalled: number;
  readonly newPassToken: () => string;
  readonly newEpoch: () => string;
}

/** Every method takes the time, which never goes back. */
export class EventRoom {
  readonly #rules: RoomRules;
  readonly #line: WaitingLine;
  readonly #passes = new PassBook();
  readonly #times = new AdmissionTimes();
  readonly #journal: AdmissionJournal;
  readonly #recovery: Recovery;
  /** Names this room among those that the event has had. */
  readonly #epoch: string;
  #nextPermitAtMs = -Infinity;
  #settings: Settings;
  #abandonedTotal = 0;

  constructor(settings: Settings, rules: RoomRules, nowMs: number) {
    this.#settings = settings;
    this.#rules = rules;
    this.#line = new WaitingLine(rules.waitingTtlMs, rules.mostWaiting);
    this.#journal = new AdmissionJournal(rules.mostJournalled);
    this.#recovery = new Recovery(nowMs, rules.waitingTtlMs);
    this.#epoch = rules.newEpoch();
  }

  enqueue(joining: Joining, nowMs: number): Joined {
    this.#pass(nowMs);
    const { sale, clientId, habit } = joining;
    if (sale.cancelled) return { result: "closed", because: "cancelled" };
    if (nowMs >= sale.closesAtMs) return { result: "closed", because: "ended" };
    if (nowMs < sale.opensAtMs - joining.joinLeadMs) {
      return { result: "closed", because: "notBegun" };
    }
    const pass = this.#passes.liveOf(clientId, nowMs);
    if (pass) return { ...admitted(pass, nowMs, habit), ...this.#placeOf(pass) };
    const place = this.#line.find(clientId) ?? this.#letIn(joining, nowMs);
    if ("result" in place) return place;
    return { ...this.#wait(place, nowMs, sale.opensAtMs, habit), ...this.#placeOf(place) };
  }

  poll({ clientId, habit, opensAtMs }: Poll, nowMs: number): Polled {
    this.#pass(nowMs);
    const pass = this.#passes.liveOf(clientId, nowMs);
    if (pass) return admitted(pass, nowMs, habit);
    const place = this.#line.find(clientId);
    return place ? this.#wait(place, nowMs, opensAtMs, habit) : { result: "notInLine" };
  }

  leave(clientId: string, nowMs: number): Left {
    this.#pass(nowMs);
    const gaveUp = this.#passes.giveUp(clientId, nowMs);
    const place = this.#line.find(clientId);
    if (gaveUp) this.#recovery.serve(clientId, nowMs);
    if (place) {
      this.#remove(place, nowMs);
      this.#abandonedTotal += 1;
    }
    return { result: gaveUp || place ? "left" : "notInLine" };
  }

  redeem({ passToken, clientId, redemptionKey }: Redemption, nowMs: number): RedeemAnswer {
    return this.#passes.redeem(passToken, clientId, redemptionKey, nowMs);
  }

  restore({ passToken, clientId, redemptionKey }: Redemption, nowMs: number): Restored {
    this.#pass(nowMs);
    const result = this.#passes.restore(passToken, clientId, redemptionKey, nowMs);
    // One that joined anew meanwhile has its pass again and needs no second one.
    const place = result === "restored" ? this.#line.find(clientId) : undefined;
    if (place) this.#remove(place, nowMs);
    return { result };
  }

  admit(sale: Sale, nowMs: number): Admission {
    this.#pass(nowMs);
    const gate = decideAdmission(this.#issued, nowMs, this.#settings, sale);
    if (gate.gate === "closed") {
      const again = gate.lookAgainAtMs;
      const lookAgainMs = again === undefined ? undefined : again - nowMs;
      return { admitted: [], elsewhere: [], waiting: this.#line.length, lookAgainMs };
    }
    const issued: Admitted[] = [];
    while (issued.length < gate.permits) {
      const place = this.#line.firstPresent();
      if (!place) break;
      issued.push(this.#issue(place, nowMs));
    }
    this.#nextPermitAtMs = paceAfter(this.#issued, issued.length, nowMs, this.#settings);
    for (const { admittedAtMs } of issued) this.#times.push(admittedAtMs);
    const next = decideAdmission(this.#issued, nowMs, this.#settings, sale);
    const lookAgainMs = (next.lookAgainAtMs ?? nowMs) - nowMs;
    return { admitted: issued, elsewhere: [], waiting: this.#line.length, lookAgainMs };
  }

  stats(nowMs: number): Stats {
    this.#pass(nowMs);
    return {
      waiting: this.#line.length,
      active: this.#passes.liveCount(nowMs),
      admittedLastMinute: this.#times.length,
      admittedTotal: this.#journal.total,
      abandonedTotal: this.#abandonedTotal,
      permitsPerMinute: this.#settings.permitsPerMinute,
      paused: this.#settings.paused,
    };
  }

  journal(after: number, most: number): readonly JournalEntry[] {
    return this.#journal.read(after, most);
  }

  get settings(): Settings {
    return this.#settings;
  }

  changeSettings(change: SettingsChange): Settings {
    const { permitsPerMinute, passTtlSeconds, paused, pacing, draining } = this.#settings;
    this.#settings = {
      permitsPerMinute: change.permitsPerMinute ?? permitsPerMinute,
      passTtlSeconds: change.passTtlSeconds ?? passTtlSeconds,
      paused: change.paused ?? paused,
      pacing: change.pacing ?? pacing,
      draining: change.draining ?? draining,
    };
    return this.#settings;
  }

  get #issued(): Issued {
    const closedUntilMs = this.#recovery.closedUntilMs;
    return { times: this.#times, nextPermitAtMs: this.#nextPermitAtMs, closedUntilMs };
  }

  /** Time passes: what was due happens before anything else is looked at. */
  #pass(nowMs: number): void {
    this.#abandonedTotal += this.#line.expire(nowMs);
    this.#times.dropBefore(nowMs - WINDOW_MS);
    this.#recovery.pass(nowMs);
  }

  /** A place for a client that has neither place nor pass, or why it gets none. */
  #letIn(joining: Joining, nowMs: number): Place | Exclude<Joined, PlaceInLine> {
    const { draining } = this.#settings;
    const { onlyBack } = joining;
    const regained = this.#regained(joining, nowMs);
    if (onlyBack && !regained) return { result: "closed", because: "noPlace" };
    if (draining && !regained) return { result: "closed", because: "draining" };
    if (this.#line.length >= this.#rules.mostWaiting) return { result: "full" };
    return this.#line.join(joining.clientId, regained, nowMs);
  }

  /** The place that a client's ticket brings back, if it counts. */
  #regained({ clientId, formerly }: Joining, nowMs: number): PlaceNumber | undefined {
    if (!formerly) return undefined;
    const { epoch, sequence } = formerly;
    const counts =
      epoch === this.#epoch
        ? this.#line.hasLapsed(clientId, sequence)
        : this.#recovery.mayReturn(clientId, nowMs);
    return counts && this.#line.isFree(sequence) ? formerly : undefined;
  }

  /** Out of the line for good. */
  #remove(place: Place, nowMs: number): void {
    this.#line.remove(place);
    this.#recovery.serve(place.clientId, nowMs);
  }

  #placeOf({ sequence, joinedAtMs }: PlaceNumber): PlaceInLine {
    return { sequence, joinedAtMs, epoch: this.#epoch };
  }

  /** A sign of life of a client in line, answered with its position and what to do. */
  #wait(place: Place, nowMs: number, opensAtMs: number | undefined, habit: PollHabit) {
    this.#line.hear(place, nowMs);
    const position = this.#line.positionOf(place);
    const at = { issued: this.#issued, nowMs, settings: this.#settings, opensAtMs };
    const advice = adviseWaiting(position, at, habit);
    this.#line.expectWithin(place, advice.pollAfterSeconds);
    return { result: "waiting", position, ...advice } as const;
  }

  #issue(place: Place, nowMs: number): Admitted {
    this.#remove(place, nowMs);
    const { clientId, joinedAtMs } = place;
    this.#journal.add({ clientId, joinedAtMs, admittedAtMs: nowMs });
    const ttlMs = this.#settings.passTtlSeconds * 1_000;
    const token = this.#rules.newPassToken();
    const pass = this.#passes.issue(token, clientId, place, nowMs, ttlMs);
    return { ...pick(pass), clientId, waitedMs: Math.max(0, nowMs - joinedAtMs) };
  }
}

function admitted(pass: Pass, nowMs: number, habit: PollHabit) {
  const advice = adviseAdmitted(pass.expiresAtMs - nowMs, habit);
  return { result: "admitted", ...pick(pass), ...advice } as const;
}

function pick({ passToken, admittedAtMs, expiresAtMs }: IssuedPass): IssuedPass {
  return { passToken, admittedAtMs, expiresAtMs };
}
