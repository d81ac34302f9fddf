/** Runs the scripts of each event's room, and brings a room back that Redis has lost. */
import type { Clock } from "../../common/clock.ts";
import type { Settings } from "../../common/contracts/queue.ts";
import { LIMITS } from "../../common/limits.ts";
import type { Log } from "../../common/log.ts";
import { type RedisLink, RedisUnavailable, type StreamEntry } from "../../common/redis.ts";
import { StoreUnavailable } from "../waiting-room-store.ts";
import { type Reply, withTextHead } from "./replies.ts";
import { fresh } from "./requests.ts";
import { RoomMemory, toRoomSettings } from "./room-memory.ts";
import { commandOf, type ScriptName } from "./scripts.ts";

/** While clients wait, each process looks at least twice a second. */
const OUTAGE_MS = 5_000;
/** Events that this process could bring back after a loss. */
const MOST_REMEMBERED = 10_000;
/** A room may be lost again while it is being brought back. */
const ATTEMPTS = 3;

export interface RoomOptions {
  /** Each event's keys share a hash tag. */
  readonly cluster?: boolean;
  /** For events whose settings nobody has changed. */
  readonly settings: Settings;
  readonly waitingTtlSeconds: number;
  readonly mostWaiting?: number;
  readonly log: Log;
  /** For tests only: time goes by it, and not by Redis' clock; no silence is an outage by itself. */
  readonly givenClock?: Clock;
  /** Nobody looked for so long though clients wait: nobody could be heard. 5,000 unless given. */
  readonly outageMs?: number;
}

export class LastingRooms {
  readonly #redis: RedisLink;
  readonly #options: RoomOptions;
  readonly #rules: string;
  readonly #memories = new Map<number, RoomMemory>();
  readonly #reviving = new Map<number, Promise<void>>();

  constructor(redis: RedisLink, options: RoomOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#rules = rulesOf(options);
  }

  /** What this process remembers of an event's room. */
  memoryOf(eventId: number): RoomMemory | undefined {
    return this.#memories.get(eventId);
  }

  readJournal(eventId: number, from: string, most: number): Promise<readonly StreamEntry[]> {
    return asking(this.#redis.readStream(`${this.#prefix(eventId)}journal`, from, most));
  }

  /** Runs a script; where the room has been lost, brings it back first. */
  async run(script: ScriptName, eventId: number, request: string, random = ""): Promise<Reply> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const memory = this.#memories.get(eventId);
      const reply = await this.#send(script, eventId, memory?.epoch ?? "", random, request);
      const [word, epoch] = reply;
      if (word !== "lost" && word !== "rewound") {
        // Somebody else has brought it back: add what this process knows.
        if (memory && word !== "absent" && epoch !== memory.epoch) await this.#revive(eventId);
        return reply;
      }
      await this.#revive(eventId);
    }
    throw new StoreUnavailable(new Error(`event ${eventId}: lost again and again`));
  }

  async #send(
    script: ScriptName,
    eventId: number,
    epoch: string,
    random: string,
    request: string,
  ): Promise<Reply> {
    const { givenClock } = this.#options;
    const rules = givenClock ? rulesOf(this.#options, givenClock.now()) : this.#rules;
    const key = `${this.#prefix(eventId)}z`;
    const [command, args] = [commandOf(script), [rules, epoch, random, request]];
    if (script === "poll") {
      return withTextHead(await asking(this.#redis.runForBytes(command, key, args)));
    }
    return (await asking(this.#redis.run(command, key, args))) as Reply;
  }

  /** What a reply has told. */
  remember(eventId: number, epoch: string, number: number, settings: RoomMemory["settings"]) {
    const known = this.#memories.get(eventId);
    if (known) {
      known.epoch = epoch;
      known.number = number;
      known.settings = settings;
      return known;
    }
    const memory = new RoomMemory(epoch, number, settings);
    this.#memories.set(eventId, memory);
    if (this.#memories.size > MOST_REMEMBERED) {
      const oldest = this.#memories.keys().next();
      if (!oldest.done) this.#memories.delete(oldest.value);
    }
    return memory;
  }

  #prefix(eventId: number): string {
    return this.#options.cluster ? `q:{${eventId}}:` : `q:${eventId}:`;
  }

  /** Once at a time for each event. */
  #revive(eventId: number): Promise<void> {
    const under = this.#reviving.get(eventId);
    if (under) return under;
    const reviving = this.#bringBack(eventId).finally(() => this.#reviving.delete(eventId));
    this.#reviving.set(eventId, reviving);
    return reviving;
  }

  async #bringBack(eventId: number): Promise<void> {
    const memory = this.#memories.get(eventId);
    if (!memory) return;
    let [word, epoch] = ["whole", memory.epoch];
    for (const testimony of memory.testimony()) {
      [word, epoch] = await this.#send("revive", eventId, "", fresh(), testimony);
      if (word === "whole") break;
    }
    memory.epoch = epoch;
    if (word === "revived") {
      this.#options.log.warn({ eventId }, "queue: Redis has lost the room; it begins anew");
    }
  }
}

function rulesOf(options: RoomOptions, nowMs?: number): string {
  return JSON.stringify({
    waitingTtlMs: Math.round(options.waitingTtlSeconds * 1_000),
    mostWaiting: options.mostWaiting ?? LIMITS.waiting,
    outageMs: options.outageMs ?? (nowMs === undefined ? OUTAGE_MS : Number.MAX_SAFE_INTEGER),
    settings: toRoomSettings(options.settings),
    ...(nowMs === undefined ? {} : { nowMs: Math.floor(nowMs) }),
  });
}

async function asking<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof RedisUnavailable ? new StoreUnavailable(error) : error;
  }
}
