/** One open stream: what its client has been told, and how its reader keeps up. */
import type { ServerResponse } from "node:http";
import { LIMITS } from "../../common/limits.ts";
import { habitOf } from "../advice.ts";
import type { InLine } from "../replies.ts";
import type { ClientRef } from "../waiting-room-store.ts";
import { comment, newsEvent, newsId, retryField } from "./server-sent.ts";

/** Between two positions told: a screen cannot use more, and a woken crowd asks more often. */
const POSITION_MS = 1_000;
/**
 * Looked at every 2 s, a silent stream gets its heartbeat after 15 s at the latest. Usual proxies
 * cut after 30 to 60 s of silence.
 */
const SILENCE_MS = 13_000;

/** Who wants to be told, where, and what it knows already. */
export interface Listener {
  readonly client: ClientRef;
  /** Sent along with every poll: a place that the store has lost comes back. */
  readonly queueTicket: string | undefined;
  /** The id of the last event seen, by an earlier stream. */
  readonly lastEventId: string | undefined;
  readonly response: ServerResponse;
}

/**
 * Keeps no news, only the id of what was told. While the reader has not taken what was written, to
 * the last byte, nothing more is: so a stream holds one event at most, and one who catches up is
 * told the latest. All instants are milliseconds of one monotonic clock.
 */
export class PositionStream {
  readonly client: ClientRef;
  readonly queueTicket: string | undefined;
  readonly #response: ServerResponse;
  readonly #openedAtMs: number;
  #toldId: string | undefined;
  #toldAtMs = -Infinity;
  #wroteAtMs: number;
  #stuckSinceMs: number | undefined;

  /** Takes over the response: status, headers, `retry`, and `first` unless it is known. */
  constructor(listener: Listener, first: InLine, nowMs: number) {
    const { client, queueTicket, lastEventId, response } = listener;
    this.client = client;
    this.queueTicket = queueTicket;
    this.#response = response;
    this.#openedAtMs = nowMs;
    this.#wroteAtMs = nowMs;
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      // The socket ends with the stream, so that a closing edge has nothing to wait for.
      connection: "close",
    });
    const retry = retryField(habitOf(client.eventId, client.clientId));
    const id = newsId(client.eventId, first);
    if (id === lastEventId) {
      this.#toldId = lastEventId;
      // Something must be written, or the headers stay here until the position changes.
      response.write(retry + comment("resumed"));
    } else {
      this.#say(id, first, nowMs, retry);
    }
  }

  /** Nothing more will be told. */
  get over(): boolean {
    return this.#response.writableEnded || this.#response.destroyed;
  }

  /** Written and not taken by the reader; what the system's socket buffers hold does not count. */
  get bufferedBytes(): number {
    return this.#response.writableLength;
  }

  /** Tells what is new, if now is the time for it; if not, the next poll finds it again. */
  tell(news: InLine, nowMs: number): void {
    if (this.over || this.bufferedBytes > 0) return;
    const id = newsId(this.client.eventId, news);
    if (id === this.#toldId) return;
    if (news.result === "waiting" && nowMs - this.#toldAtMs < POSITION_MS) return;
    this.#say(id, news, nowMs);
  }

  /**
   * To be called every 2 s. Cuts off a reader that is stuck, ends a stream that has lived
   * long enough, and keeps a silent one alive: also while the store is silent.
   */
  check(nowMs: number): void {
    if (this.bufferedBytes > 0) this.#stuckSinceMs ??= nowMs;
    else this.#stuckSinceMs = undefined;
    if (nowMs - (this.#stuckSinceMs ?? nowMs) >= LIMITS.streamStuckMs) this.#response.destroy();
    // The client connects again, with a token that is looked at again.
    else if (nowMs - this.#openedAtMs >= LIMITS.streamMs) this.end();
    else if (nowMs - this.#wroteAtMs >= SILENCE_MS) this.#beat(nowMs);
  }

  /** A stuck reader is not waited for: its stream would not close before it reads. */
  end(): void {
    if (this.bufferedBytes > 0) this.#response.destroy();
    else this.#response.end();
  }

  #beat(nowMs: number): void {
    if (this.over || this.bufferedBytes > 0) return;
    this.#wroteAtMs = nowMs;
    this.#response.write(comment("still here"));
  }

  #say(id: string, news: InLine, nowMs: number, before = ""): void {
    this.#toldId = id;
    this.#toldAtMs = nowMs;
    this.#wroteAtMs = nowMs;
    const text = before + newsEvent(id, news);
    // After the pass there is nothing to wait for.
    if (news.result === "admitted") this.#response.end(text);
    else this.#response.write(text);
  }
}
