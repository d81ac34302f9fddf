/** Waiting rooms in Redis: exact with any number of processes, whatever their clocks say. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../common/clock.ts";
import type {
  RedeemAnswer,
  Settings,
  SettingsChange,
  Stats,
} from "../../common/contracts/queue.ts";
import { LIMITS } from "../../common/limits.ts";
import type { Log } from "../../common/log.ts";
import { openRedis, type RedisLink, RedisUnavailable } from "../../common/redis.ts";
import type { Sale } from "../admission.ts";
import {
  type Admission,
  type Admitted,
  type ClientRef,
  type Joined,
  type Joining,
  type JournalEntry,
  type Left,
  type Poll,
  type Polled,
  type Redemption,
  type Restored,
  StoreUnavailable,
  type WaitingRoomStore,
} from "../waiting-room-store.ts";
import { answerInGroups, byEvent } from "./groups.ts";
import { PageHints } from "./page-hints.ts";
import {
  type JoinReply,
  joinedFrom,
  journalEntryFrom,
  lookedFrom,
  polledFrom,
  type Reply,
  settingsFrom,
  statsFrom,
  withTextHead,
} from "./replies.ts";
import { RoomMemory, type RoomSettings, toRoomSettings, toSettings } from "./room-memory.ts";
import { commandOf, type ScriptName, waitingRoomScripts } from "./scripts.ts";

/** Passes issued by one script, about 20 µs each: nobody else is served meanwhile. */
const MOST_ADMITTED = 500;
/** Nobody looked for so long though clients wait: then nobody could be heard either. */
const OUTAGE_MS = 5_000;
/** A room is kept for a week after its sale. */
const KEEP_MS = 7 * 86_400_000;
/** Events that this process could bring back after a loss. */
const MOST_REMEMBERED = 10_000;
/** Events of which it is known who stands where; the others' polls cost a little more. */
const MOST_HINTED = 20;
/** A room may be lost again while it is being brought back. */
const ATTEMPTS = 3;

export interface RedisRoomOptions {
  /** redis:// or rediss:// */
  readonly url: string;
  /** The URL names a node of a Redis Cluster: each event's keys then share a hash tag. */
  readonly cluster?: boolean;
  /** For events whose settings nobody has changed. */
  readonly settings: Settings;
  readonly waitingTtlSeconds: number;
  readonly mostWaiting?: number;
  readonly log: Log;
  /** For tests only: time goes by it, and not by Redis' clock; no silence counts as an outage. */
  readonly givenClock?: Clock;
}

/**
 * Connects to Redis.
 * @throws RedisUnavailable in one line when it does not answer or is too old
 */
export async function openRedisWaitingRoom(options: RedisRoomOptions): Promise<RedisWaitingRoom> {
  const scripts = waitingRoomScripts(options.givenClock !== undefined).map((script) => {
    return { ...script, name: commandOf(script.name as ScriptName) };
  });
  const { url, cluster = false, log } = options;
  return new RedisWaitingRoom(await openRedis({ url, cluster, log, scripts }), options);
}

export class RedisWaitingRoom implements WaitingRoomStore {
  readonly #redis: RedisLink;
  readonly #options: RedisRoomOptions;
  readonly #memories = new Map<number, RoomMemory>();
  readonly #hints = new Map<number, PageHints>();
  readonly #reviving = new Map<number, Promise<void>>();
  readonly #rules: string;

  constructor(redis: RedisLink, options: RedisRoomOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#rules = rulesOf(options);
  }

  enqueue(batch: readonly Joining[]): Promise<readonly Joined[]> {
    return answerInGroups(batch, byEvent, async (eventId, group) => {
      const [, epoch, answers] = await this.#run("enqueue", eventId, joinRequest(group), fresh());
      return (answers as JoinReply[]).map((answer) => joinedFrom(answer, epoch));
    });
  }

  poll(batch: readonly Poll[]): Promise<readonly Polled[]> {
    const key = ({ eventId, opensAtMs }: Poll) => `${eventId} ${opensAtMs}`;
    return answerInGroups(batch, key, async (eventId, group) => {
      const hints = this.#hintsOf(eventId);
      const clients = group.map(({ clientId, habit }) => {
        return [clientId, habit.longestSeconds, habit.factor, hints.of(clientId)];
      });
      const request = JSON.stringify({ opensAtMs: group[0]!.opensAtMs, clients });
      const reply = await this.#run("poll", eventId, request);
      if (reply[0] === "absent") return group.map(() => ({ result: "notInLine" }) as const);
      return polledFrom(reply, (at, page) => hints.remember(group[at]!.clientId, page));
    });
  }

  leave(batch: readonly ClientRef[]): Promise<readonly Left[]> {
    return answerInGroups(batch, byEvent, async (eventId, group) => {
      const ids = group.map(({ clientId }) => clientId);
      const left = await this.#ask<Left>("leave", eventId, ids, "notInLine");
      for (const clientId of ids) this.#memories.get(eventId)?.forgetPass(clientId);
      return left;
    });
  }

  redeem(batch: readonly Redemption[]): Promise<readonly RedeemAnswer[]> {
    return answerInGroups(batch, byEvent, async (eventId, group) => {
      const purchases = group.map(purchaseOf);
      const answers = await this.#ask<RedeemAnswer>("redeem", eventId, purchases, "invalid");
      for (const [at, { result }] of answers.entries()) {
        if (result === "redeemed") this.#memories.get(eventId)?.forgetPass(group[at]!.clientId);
      }
      return answers;
    });
  }

  restore(batch: readonly Redemption[]): Promise<readonly Restored[]> {
    return answerInGroups(batch, byEvent, (eventId, group) => {
      return this.#ask<Restored>("restore", eventId, group.map(purchaseOf), "nothing");
    });
  }

  async admit(eventId: number, sale: Sale): Promise<Admission> {
    const admitted: Admitted[] = [];
    const elsewhere: string[] = [];
    for (;;) {
      const request = JSON.stringify({
        ...sale,
        seen: this.#memories.get(eventId)?.number ?? 0,
        most: MOST_ADMITTED,
        keep: LIMITS.journalEntries,
        keepMs: KEEP_MS,
      });
      const reply = await this.#run("admit", eventId, request, fresh());
      if (reply[0] === "absent") {
        return { admitted, elsewhere, waiting: 0, lookAgainMs: undefined };
      }
      const looked = lookedFrom(reply);
      const memory = this.#remember(eventId, reply[1], looked.number, looked.settings);
      memory.learn(looked);
      admitted.push(...looked.admitted);
      elsewhere.push(...looked.elsewhere);
      const { waiting, lookAgainMs } = looked;
      if (looked.admitted.length < MOST_ADMITTED) {
        return { admitted, elsewhere, waiting, lookAgainMs };
      }
    }
  }

  async stats(eventId: number): Promise<Stats> {
    const reply = await this.#run("stats", eventId, "");
    if (reply[0] !== "absent") return statsFrom(reply);
    const { permitsPerMinute, paused } = this.#options.settings;
    const nobody = { waiting: 0, active: 0, admittedLastMinute: 0, admittedTotal: 0 };
    return { ...nobody, abandonedTotal: 0, permitsPerMinute, paused };
  }

  async journal(eventId: number, after: number, most: number): Promise<readonly JournalEntry[]> {
    const key = `${this.#prefix(eventId)}journal`;
    const entries = await asking(this.#redis.readStream(key, `${after + 1}-0`, most));
    return entries.map(journalEntryFrom);
  }

  async readSettings(eventId: number): Promise<Settings> {
    const reply = await this.#run("settings", eventId, "");
    if (reply[0] === "absent") return this.#options.settings;
    return toSettings(settingsFrom(reply)[0]);
  }

  async changeSettings(eventId: number, change: SettingsChange): Promise<Settings> {
    const request = JSON.stringify(changeOf(change));
    const reply = await this.#run("settings", eventId, request, fresh());
    const [settings, number] = settingsFrom(reply);
    // So that a pause outlives a loss also where this process serves nobody of the event.
    const known = this.#memories.get(eventId)?.number ?? number;
    this.#remember(eventId, reply[1], known, settings);
    return toSettings(settings);
  }

  answers(): Promise<boolean> {
    return this.#redis.answers();
  }

  close(): Promise<void> {
    return this.#redis.close();
  }

  #hintsOf(eventId: number): PageHints {
    const known = this.#hints.get(eventId);
    if (known) return known;
    const made = new PageHints();
    this.#hints.set(eventId, made);
    if (this.#hints.size > MOST_HINTED) {
      const oldest = this.#hints.keys().next();
      if (!oldest.done) this.#hints.delete(oldest.value);
    }
    return made;
  }

  #prefix(eventId: number): string {
    return this.#options.cluster ? `q:{${eventId}}:` : `q:${eventId}:`;
  }

  /** A script whose answers are words. */
  async #ask<A extends { readonly result: string }>(
    script: ScriptName,
    eventId: number,
    batch: readonly unknown[],
    withoutRoom: A["result"],
  ): Promise<readonly A[]> {
    const [word, , answers] = await this.#run(script, eventId, JSON.stringify(batch));
    const words =
      word === "absent" ? batch.map(() => withoutRoom) : (answers as readonly A["result"][]);
    return words.map((result) => ({ result }) as A);
  }

  /** Runs a script; where the room has been lost, brings it back first. */
  async #run(script: ScriptName, eventId: number, request: string, random = ""): Promise<Reply> {
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

  #remember(eventId: number, epoch: string, number: number, settings: RoomMemory["settings"]) {
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
}

function rulesOf(options: RedisRoomOptions, nowMs?: number): string {
  return JSON.stringify({
    waitingTtlMs: Math.round(options.waitingTtlSeconds * 1_000),
    mostWaiting: options.mostWaiting ?? LIMITS.waiting,
    outageMs: nowMs === undefined ? OUTAGE_MS : Number.MAX_SAFE_INTEGER,
    settings: toRoomSettings(options.settings),
    ...(nowMs === undefined ? {} : { nowMs: Math.floor(nowMs) }),
  });
}

/** Sales are mostly the same object for all of a batch: each is said once. */
function joinRequest(group: readonly Joining[]): string {
  const sales: object[] = [];
  let last: Joining | undefined;
  const clients = group.map((joining) => {
    const { clientId, habit, formerly, onlyBack, sale, joinLeadMs } = joining;
    if (sale !== last?.sale || joinLeadMs !== last.joinLeadMs) sales.push({ ...sale, joinLeadMs });
    last = joining;
    const { longestSeconds: longest, factor } = habit;
    return { id: clientId, sale: sales.length, longest, factor, formerly, onlyBack };
  });
  return JSON.stringify({ sales, clients });
}

function purchaseOf({ clientId, passToken, redemptionKey }: Redemption) {
  return [clientId, passToken, redemptionKey];
}

function changeOf(change: SettingsChange): Partial<RoomSettings> {
  const { permitsPerMinute, passTtlSeconds, paused, pacing, draining } = change;
  return {
    ...(permitsPerMinute === undefined ? {} : { permits: permitsPerMinute }),
    ...(passTtlSeconds === undefined ? {} : { ttl: passTtlSeconds }),
    ...(paused === undefined ? {} : { paused: paused ? 1 : 0 }),
    ...(pacing === undefined ? {} : { pacing }),
    ...(draining === undefined ? {} : { draining: draining ? 1 : 0 }),
  };
}

/** Names a room that begins, and is the secret that new passes are derived from. */
function fresh(): string {
  return randomBytes(24).toString("base64url");
}

async function asking<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof RedisUnavailable ? new StoreUnavailable(error) : error;
  }
}
