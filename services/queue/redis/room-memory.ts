/** What a queue process remembers of a room that lies in Redis, so that it can begin anew there. */
import type { Settings } from "../../common/contracts/queue.ts";
import { WINDOW_MS } from "../admission.ts";
import type { Looked } from "./replies.ts";

/** As the scripts speak of settings. */
export interface RoomSettings {
  readonly permits: number;
  readonly ttl: number;
  readonly paused: 0 | 1;
  readonly pacing: Settings["pacing"];
  readonly draining: 0 | 1;
}

export interface VersionedSettings extends RoomSettings {
  /** Counts changes. */
  readonly version: number;
}

/** An admission's number, and its instant by the store's clock. */
type Admission = readonly [number: number, atMs: number];

/** Of one event. It holds no clients: those come back with their tickets. */
export class RoomMemory {
  epoch: string;
  /** The number of the last admission that this process knows of. */
  number: number;
  settings: VersionedSettings;
  /** The sequence of the latest arrival that this process knows of. */
  last = 0;
  /** When this process looked last, by the store's clock; 0: never. */
  lookedMs = 0;
  #admissions: Admission[] = [];

  constructor(epoch: string, number: number, settings: VersionedSettings) {
    this.epoch = epoch;
    this.number = number;
    this.settings = settings;
  }

  /** What a look has shown. */
  learn({ admissions, nowMs, last }: Pick<Looked, "admissions" | "nowMs" | "last">): void {
    this.lookedMs = nowMs;
    this.last = last;
    const begins = nowMs - WINDOW_MS;
    const kept = this.#admissions.findIndex(([, atMs]) => atMs >= begins);
    this.#admissions.splice(0, kept < 0 ? this.#admissions.length : kept);
    this.#admissions.push(...admissions);
  }

  /** What revive.lua is told. */
  toJSON() {
    const { epoch, number, last, lookedMs, settings } = this;
    return { epoch, number, last, lookedMs, settings, times: this.#admissions.flat() };
  }
}

export function toRoomSettings(settings: Settings): RoomSettings {
  return {
    permits: settings.permitsPerMinute,
    ttl: settings.passTtlSeconds,
    paused: settings.paused ? 1 : 0,
    pacing: settings.pacing,
    draining: settings.draining ? 1 : 0,
  };
}

export function toSettings(settings: RoomSettings): Settings {
  return {
    permitsPerMinute: settings.permits,
    passTtlSeconds: settings.ttl,
    paused: settings.paused === 1,
    pacing: settings.pacing,
    draining: settings.draining === 1,
  };
}
