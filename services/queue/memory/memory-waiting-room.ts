/** Waiting rooms in this process' memory: one process, gone with it. */
import type { Clock } from "../../common/clock.ts";
import type {
  RedeemAnswer,
  Settings,
  SettingsChange,
  Stats,
} from "../../common/contracts/queue.ts";
import { newEpoch, newPassToken } from "../../common/ids.ts";
import { LIMITS } from "../../common/limits.ts";
import type { Sale } from "../admission.ts";
import type {
  Admission,
  ClientRef,
  Joined,
  Joining,
  JournalEntry,
  Left,
  Poll,
  Polled,
  Redemption,
  Restored,
  WaitingRoomStore,
} from "../waiting-room-store.ts";
import { EventRoom, type RoomRules } from "./event-room.ts";

export interface MemoryRoomOptions {
  readonly clock: Clock;
  /** For events whose settings nobody has changed. */
  readonly settings: Settings;
  readonly waitingTtlSeconds: number;
  readonly mostWaiting?: number;
  readonly newPassToken?: () => string;
  readonly newEpoch?: () => string;
}

/**
 * An operation runs from start to end without giving way, so each batch is atomic by itself. A room
 * is made when the first client joins or an operator sets something, and stays: there are never
 * more than events.
 */
export class MemoryWaitingRoom implements WaitingRoomStore {
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #rules: RoomRules;
  readonly #rooms = new Map<number, EventRoom>();
  #latestMs = -Infinity;

  constructor(options: MemoryRoomOptions) {
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#rules = {
      waitingTtlMs: Math.round(options.waitingTtlSeconds * 1_000),
      mostWaiting: options.mostWaiting ?? LIMITS.waiting,
      mostJournalled: LIMITS.journalEntries,
      newPassToken: options.newPassToken ?? newPassToken,
      newEpoch: options.newEpoch ?? newEpoch,
    };
  }

  async enqueue(batch: readonly Joining[]): Promise<readonly Joined[]> {
    return batch.map((joining) => {
      const nowMs = this.#now();
      return this.#room(joining.eventId, nowMs).enqueue(joining, nowMs);
    });
  }

  async poll(batch: readonly Poll[]): Promise<readonly Polled[]> {
    return batch.map((poll) => {
      return this.#rooms.get(poll.eventId)?.poll(poll, this.#now()) ?? { result: "notInLine" };
    });
  }

  async leave(batch: readonly ClientRef[]): Promise<readonly Left[]> {
    return batch.map(({ eventId, clientId }) => {
      return this.#rooms.get(eventId)?.leave(clientId, this.#now()) ?? { result: "notInLine" };
    });
  }

  async redeem(batch: readonly Redemption[]): Promise<readonly RedeemAnswer[]> {
    return batch.map((redemption) => {
      const room = this.#rooms.get(redemption.eventId);
      return room?.redeem(redemption, this.#now()) ?? { result: "invalid" };
    });
  }

  async restore(batch: readonly Redemption[]): Promise<readonly Restored[]> {
    return batch.map((redemption) => {
      const room = this.#rooms.get(redemption.eventId);
      return room?.restore(redemption, this.#now()) ?? { result: "nothing" };
    });
  }

  async admit(eventId: number, sale: Sale): Promise<Admission> {
    const nothing = { admitted: [], elsewhere: [], waiting: 0, lookAgainMs: undefined };
    return this.#rooms.get(eventId)?.admit(sale, this.#now()) ?? nothing;
  }

  async stats(eventId: number): Promise<Stats> {
    const nowMs = this.#now();
    const room = this.#rooms.get(eventId) ?? new EventRoom(this.#settings, this.#rules, nowMs);
    return room.stats(nowMs);
  }

  async journal(eventId: number, after: number, most: number): Promise<readonly JournalEntry[]> {
    return this.#rooms.get(eventId)?.journal(after, most) ?? [];
  }

  async readSettings(eventId: number): Promise<Settings> {
    return this.#rooms.get(eventId)?.settings ?? this.#settings;
  }

  async changeSettings(eventId: number, change: SettingsChange): Promise<Settings> {
    return this.#room(eventId, this.#now()).changeSettings(change);
  }

  async answers(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {
    this.#rooms.clear();
  }

  #room(eventId: number, nowMs: number): EventRoom {
    const known = this.#rooms.get(eventId);
    if (known) return known;
    const made = new EventRoom(this.#settings, this.#rules, nowMs);
    this.#rooms.set(eventId, made);
    return made;
  }

  /** Whole milliseconds that never go back: after a step back time stands still for a while. */
  #now(): number {
    this.#latestMs = Math.max(this.#latestMs, Math.floor(this.#clock.now()));
    return this.#latestMs;
  }
}
