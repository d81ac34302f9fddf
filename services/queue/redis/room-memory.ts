/** What a queue process remembers of a room that lies in Redis, so that it can begin anew there. */
import type { Settings } from "../../common/contracts/queue.ts";
import { LIMITS } from "../../common/limits.ts";
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

/** A pass as revive.lua is told of it, after its client: admitted and expires in ms. */
export interface RememberedPass {
  readonly token: string;
  readonly sequence: number;
  readonly admitted: number;
  readonly expires: number;
}

/** Passes told in one script: nobody else is served meanwhile. */
const PASSES_AT_ONCE = 1_000;

/** Of one event. It holds no places: their owners come back with their tickets. */
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
  /** Issued by this process, in that order, and not spent or given up through it. */
  readonly #passes = new Map<string, RememberedPass>();

  constructor(epoch: string, number: number, settings: VersionedSettings) {
    this.epoch = epoch;
    this.number = number;
    this.settings = settings;
  }

  /** What a look has shown. */
  learn({ admissions, nowMs, last, passes }: Learnt): void {
    this.lookedMs = nowMs;
    this.last = last;
    const begins = nowMs - WINDOW_MS;
    const kept = this.#admissions.findIndex(([, atMs]) => atMs >= begins);
    this.#admissions.splice(0, kept < 0 ? this.#admissions.length : kept);
    this.#admissions.push(...admissions);
    for (const [clientId, pass] of passes) this.#passes.set(clientId, pass);
    for (const [clientId, pass] of this.#passes) {
      const full = this.#passes.size > LIMITS.rememberedPasses;
      if (pass.expires > nowMs && !full) break;
      this.#passes.delete(clientId);
    }
  }

  /** Spent or given up. */
  forgetPass(clientId: string): void {
    this.#passes.delete(clientId);
  }

  /** What revive.lua is told, one script after the other. */
  *testimony(): Generator<string> {
    const { epoch, number, last, lookedMs, settings } = this;
    const passes = [...this.#passes].map(([clientId, pass]) => [clientId, ...Object.values(pass)]);
    let times = this.#admissions.flat();
    for (let from = 0; from === 0 || from < passes.length; from += PASSES_AT_ONCE) {
      const some = passes.slice(from, from + PASSES_AT_ONCE);
      yield JSON.stringify({ epoch, number, last, lookedMs, settings, times, passes: some });
      times = [];
    }
  }
}

type Learnt = Pick<Looked, "admissions" | "nowMs" | "last" | "passes">;

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
