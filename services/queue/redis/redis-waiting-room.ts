/** Waiting rooms in Redis: exact with any number of processes, whatever their clocks say. */
import type {
  RedeemAnswer,
  Settings,
  SettingsChange,
  Stats,
} from "../../common/contracts/queue.ts";
import { LIMITS } from "../../common/limits.ts";
import { openRedis, type RedisLink } from "../../common/redis.ts";
import type { Sale } from "../admission.ts";
import type {
  Admission,
  Admitted,
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
import { answerInGroups, byEvent } from "./groups.ts";
import { LastingRooms, type RoomOptions } from "./lasting-rooms.ts";
import { PageHints } from "./page-hints.ts";
import {
  type JoinReply,
  joinedFrom,
  journalEntryFrom,
  lookedFrom,
  polledFrom,
  settingsFrom,
  statsFrom,
} from "./replies.ts";
import { changeOf, fresh, joinRequest, pollRequest, purchaseOf } from "./requests.ts";
import { toSettings } from "./room-memory.ts";
import { commandOf, type ScriptName, waitingRoomScripts } from "./scripts.ts";

/** Passes issued by one script, about 20 µs each: nobody else is served meanwhile. */
const MOST_ADMITTED = 500;
/** A room is kept for a week after its sale. */
const KEEP_MS = 7 * 86_400_000;
/** Events of which it is known who stands where; the others' polls cost a little more. */
const MOST_HINTED = 20;

export interface RedisRoomOptions extends RoomOptions {
  /** redis:// or rediss://; in a cluster one of its nodes. */
  readonly url: string;
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
  readonly #rooms: LastingRooms;
  /** For events that have no room yet. */
  readonly #settings: Settings;
  readonly #hints = new Map<number, PageHints>();

  constructor(redis: RedisLink, options: RoomOptions) {
    this.#redis = redis;
    this.#rooms = new LastingRooms(redis, options);
    this.#settings = options.settings;
  }

  enqueue(batch: readonly Joining[]): Promise<readonly Joined[]> {
    return answerInGroups(batch, byEvent, async (eventId, group) => {
      const [, epoch, answers] = await this.#rooms.run(
        "enqueue",
        eventId,
        joinRequest(group),
        fresh(),
      );
      return (answers as JoinReply[]).map((answer) => joinedFrom(answer, epoch));
    });
  }

  poll(batch: readonly Poll[]): Promise<readonly Polled[]> {
    const key = ({ eventId, opensAtMs }: Poll) => `${eventId} ${opensAtMs}`;
    return answerInGroups(batch, key, async (eventId, group) => {
      const hints = this.#hintsOf(eventId);
      const request = pollRequest(group, hints);
      const reply = await this.#rooms.run("poll", eventId, request);
      if (reply[0] === "absent") return group.map(() => ({ result: "notInLine" }) as const);
      return polledFrom(reply, (at, page) => hints.remember(group[at]!.clientId, page));
    });
  }

  leave(batch: readonly ClientRef[]): Promise<readonly Left[]> {
    return answerInGroups(batch, byEvent, async (eventId, group) => {
      const ids = group.map(({ clientId }) => clientId);
      const left = await this.#ask<Left>("leave", eventId, ids, "notInLine");
      for (const clientId of ids) this.#rooms.memoryOf(eventId)?.forgetPass(clientId);
      return left;
    });
  }

  redeem(batch: readonly Redemption[]): Promise<readonly RedeemAnswer[]> {
    return answerInGroups(batch, byEvent, async (eventId, group) => {
      const purchases = group.map(purchaseOf);
      const answers = await this.#ask<RedeemAnswer>("redeem", eventId, purchases, "invalid");
      for (const [at, { result }] of answers.entries()) {
        if (result === "redeemed") this.#rooms.memoryOf(eventId)?.forgetPass(group[at]!.clientId);
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
        seen: this.#rooms.memoryOf(eventId)?.number ?? 0,
        most: MOST_ADMITTED,
        keep: LIMITS.journalEntries,
        keepMs: KEEP_MS,
      });
      const reply = await this.#rooms.run("admit", eventId, request, fresh());
      if (reply[0] === "absent") {
        return { admitted, elsewhere, waiting: 0, lookAgainMs: undefined };
      }
      const looked = lookedFrom(reply);
      const memory = this.#rooms.remember(eventId, reply[1], looked.number, looked.settings);
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
    const reply = await this.#rooms.run("stats", eventId, "");
    if (reply[0] !== "absent") return statsFrom(reply);
    const { permitsPerMinute, paused } = this.#settings;
    const nobody = { waiting: 0, active: 0, admittedLastMinute: 0, admittedTotal: 0 };
    return { ...nobody, abandonedTotal: 0, permitsPerMinute, paused };
  }

  async journal(eventId: number, after: number, most: number): Promise<readonly JournalEntry[]> {
    const entries = await this.#rooms.readJournal(eventId, `${after + 1}-0`, most);
    return entries.map(journalEntryFrom);
  }

  async readSettings(eventId: number): Promise<Settings> {
    const reply = await this.#rooms.run("settings", eventId, "");
    if (reply[0] === "absent") return this.#settings;
    return toSettings(settingsFrom(reply)[0]);
  }

  async changeSettings(eventId: number, change: SettingsChange): Promise<Settings> {
    const request = JSON.stringify(changeOf(change));
    const reply = await this.#rooms.run("settings", eventId, request, fresh());
    const [settings, number] = settingsFrom(reply);
    // So that a pause outlives a loss also where this process serves nobody of the event.
    const known = this.#rooms.memoryOf(eventId)?.number ?? number;
    this.#rooms.remember(eventId, reply[1], known, settings);
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

  /** A script whose answers are words. */
  async #ask<A extends { readonly result: string }>(
    script: ScriptName,
    eventId: number,
    batch: readonly unknown[],
    withoutRoom: A["result"],
  ): Promise<readonly A[]> {
    const [word, , answers] = await this.#rooms.run(script, eventId, JSON.stringify(batch));
    const words =
      word === "absent" ? batch.map(() => withoutRoom) : (answers as readonly A["result"][]);
    return words.map((result) => ({ result }) as A);
  }
}
