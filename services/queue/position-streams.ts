/** Server-sent events: clients that are told their position instead of asking for it. */
import type { ServerResponse } from "node:http";
import { type InLine, statusOf } from "./replies.ts";
import type { ClientRef, Polled } from "./waiting-room-store.ts";

/** Milliseconds between two looks at all streams. */
const LOOK_MS = 250;
/** The longest between two polls on a stream's behalf; its client never counts as absent. */
const POLL_MS = 2_000;
const HEARTBEAT_MS = 15_000;
/** A reader that takes nothing for so long is cut off. */
const CLOGGED_MS = 30_000;
/** Then the stream ends and the client connects again, with a token that is looked at again. */
const LONGEST_MS = 1_800_000;
/** Open streams of a process: each costs a socket and a poll every 2 s. */
const MOST_STREAMS = 5_000;
const MOST_PER_CLIENT = 4;

interface Stream {
  readonly client: ClientRef;
  readonly response: ServerResponse;
  toldPosition: number | undefined;
  ageMs: number;
  pollInMs: number;
  quietMs: number;
  cloggedMs: number;
  polling: boolean;
}

export type Opening = "opened" | "tooMany" | "full";

export class PositionStreams {
  readonly #poll: (client: ClientRef) => Promise<Polled>;
  readonly #streams = new Map<string, Set<Stream>>();
  #open = 0;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  /** `poll` counts as the client's sign of life. */
  constructor(poll: (client: ClientRef) => Promise<Polled>) {
    this.#poll = poll;
  }

  /** Whether one more may be opened: tooMany by this client, or in all. */
  mayOpen(client: ClientRef): Opening {
    if (this.#closed || this.#open >= MOST_STREAMS) return "full";
    const own = this.#streams.get(keyOf(client))?.size ?? 0;
    return own >= MOST_PER_CLIENT ? "tooMany" : "opened";
  }

  /** Takes over the response, begins with `first` and ends after the pass. */
  open(client: ClientRef, first: InLine, response: ServerResponse): void {
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      // The socket ends with the stream, so that a closing edge has nothing to wait for.
      connection: "close",
    });
    const stream: Stream = {
      client,
      response,
      toldPosition: undefined,
      ageMs: 0,
      pollInMs: POLL_MS,
      quietMs: 0,
      cloggedMs: 0,
      polling: false,
    };
    this.#add(stream);
    response.on("close", () => this.#remove(stream));
    response.on("error", () => response.destroy());
    this.#tell(stream, first);
  }

  /** These clients have news: their streams look at once. */
  wake(eventId: number, clientIds: readonly string[]): void {
    if (this.#open === 0) return;
    for (const clientId of clientIds) {
      for (const stream of this.#streams.get(keyOf({ eventId, clientId })) ?? []) {
        // Should a look be under way that began before the news, the next tick looks again.
        stream.pollInMs = 0;
        void this.#look(stream);
      }
    }
  }

  get size(): number {
    return this.#open;
  }

  /** Ends all streams and opens no more. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const streams of this.#streams.values()) {
      for (const { response } of streams) response.end();
    }
  }

  #add(stream: Stream): void {
    const key = keyOf(stream.client);
    const own = this.#streams.get(key) ?? new Set();
    own.add(stream);
    this.#streams.set(key, own);
    this.#open += 1;
    this.#timer ??= setInterval(() => this.#lookAtAll(), LOOK_MS);
  }

  #remove(stream: Stream): void {
    const key = keyOf(stream.client);
    const own = this.#streams.get(key);
    if (!own?.delete(stream)) return;
    if (own.size === 0) this.#streams.delete(key);
    this.#open -= 1;
    if (this.#open > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #lookAtAll(): void {
    for (const streams of this.#streams.values()) {
      for (const stream of streams) this.#tick(stream);
    }
  }

  #tick(stream: Stream): void {
    const { response } = stream;
    stream.ageMs += LOOK_MS;
    stream.pollInMs -= LOOK_MS;
    stream.quietMs += LOOK_MS;
    stream.cloggedMs = isClogged(response) ? stream.cloggedMs + LOOK_MS : 0;
    if (stream.cloggedMs >= CLOGGED_MS) response.destroy();
    else if (stream.ageMs >= LONGEST_MS) response.end();
    else if (stream.pollInMs <= 0) void this.#look(stream);
  }

  async #look(stream: Stream): Promise<void> {
    if (stream.polling) return;
    stream.polling = true;
    stream.pollInMs = POLL_MS;
    try {
      const polled = await this.#poll(stream.client);
      // Not in line any more: the stream ends, and a new one is answered 404.
      if (polled.result === "notInLine") stream.response.end();
      else this.#tell(stream, polled);
    } catch {
      // The store is silent: the next look tries again, and the client sees heartbeats stop.
    } finally {
      stream.polling = false;
    }
  }

  #tell(stream: Stream, polled: InLine): void {
    const { response } = stream;
    // A slow reader gets the latest position when it has caught up, not all of them.
    if (response.writableEnded || isClogged(response)) return;
    if (polled.result === "admitted") {
      response.end(serverSent("pass", polled));
    } else if (polled.position !== stream.toldPosition) {
      stream.toldPosition = polled.position;
      stream.quietMs = 0;
      response.write(serverSent("position", polled));
    } else if (stream.quietMs >= HEARTBEAT_MS) {
      stream.quietMs = 0;
      response.write(": still here\n\n");
    }
  }
}

function serverSent(event: string, polled: InLine): string {
  return `event: ${event}\ndata: ${JSON.stringify(statusOf(polled))}\n\n`;
}

function isClogged(response: ServerResponse): boolean {
  return response.writableLength > 0;
}

function keyOf({ eventId, clientId }: ClientRef): string {
  return `${eventId}:${clientId}`;
}
