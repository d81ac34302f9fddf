/** Server-sent events: clients that are told their position instead of asking for it. */
import { LIMITS } from "../../common/limits.ts";
import type { InLine } from "../replies.ts";
import type { ClientRef, Polled } from "../waiting-room-store.ts";
import { type Listener, PositionStream } from "./position-stream.ts";

/** Between two polls on a stream's behalf: its client never counts as absent. */
export const POLL_MS = 2_000;
/**
 * Each tick looks after one slot's streams, 1 / SLOTS of all: at 12,000 a batch of 600 polls ten
 * times a second, rather than one of 12,000 that keeps everybody else waiting.
 */
export const SLOTS = 20;
export const TICK_MS = POLL_MS / SLOTS;

/** Of 10,000 passes issued at once: a status waited 600 ms for all of them, 120 ms for shares. */
const WOKEN_AT_ONCE = 256;

export type Opening = "mayOpen" | "tooMany" | "full";

/** Where time comes from. */
export interface Ticking {
  /** Monotonic, in milliseconds. */
  nowMs(): number;
  /** Calls again and again until the returned function is called. */
  every(ms: number, run: () => void): () => void;
}

export interface PositionStreamsOptions {
  /** Counts as the client's sign of life. */
  readonly poll: (client: ClientRef, queueTicket: string | undefined) => Promise<Polled>;
  readonly ticking?: Ticking;
}

/** An open stream's place among the others. */
interface Seat {
  readonly stream: PositionStream;
  readonly slot: Set<Seat>;
  polling: boolean;
  /** Woken during a poll, which may have been answered before the news. */
  woken: boolean;
}

export class PositionStreams {
  readonly #poll: PositionStreamsOptions["poll"];
  readonly #ticking: Ticking;
  readonly #slots: readonly Set<Seat>[] = Array.from({ length: SLOTS }, () => new Set());
  readonly #byClient = new Map<string, Set<Seat>>();
  #open = 0;
  #tick = 0;
  #closed = false;
  #stopTicking: (() => void) | undefined;

  constructor({ poll, ticking = systemTicking }: PositionStreamsOptions) {
    this.#poll = poll;
    this.#ticking = ticking;
  }

  /** Whether one more may be opened: tooMany by this client, full in all. */
  opening(client: ClientRef): Opening {
    if (this.#closed || this.#open >= LIMITS.streams) return "full";
    const own = this.#byClient.get(keyOf(client))?.size ?? 0;
    return own >= LIMITS.streamsPerClient ? "tooMany" : "mayOpen";
  }

  /** Takes over the response, begins with `first` unless it is known, and ends after the pass. */
  open(listener: Listener, first: InLine): void {
    const { client, response } = listener;
    const seat: Seat = {
      stream: new PositionStream(listener, first, this.#ticking.nowMs()),
      slot: this.#emptiestSlot(),
      polling: false,
      woken: false,
    };
    const own = this.#byClient.get(keyOf(client)) ?? new Set();
    this.#byClient.set(keyOf(client), own.add(seat));
    seat.slot.add(seat);
    this.#open += 1;
    this.#stopTicking ??= this.#ticking.every(TICK_MS, () => this.#lookAfterNextSlot());
    response.on("close", () => this.#remove(seat));
    response.on("error", () => response.destroy());
  }

  /**
   * These clients have news: their streams look at once, a share of a crowd in each turn of the
   * event loop. Costs only those that are named.
   */
  wake(eventId: number, clientIds: readonly string[], from = 0): void {
    if (this.#open === 0) return;
    const until = Math.min(clientIds.length, from + WOKEN_AT_ONCE);
    for (let at = from; at < until; at++) {
      const key = keyOf({ eventId, clientId: clientIds[at]! });
      for (const seat of this.#byClient.get(key) ?? []) {
        seat.woken = true;
        void this.#look(seat);
      }
    }
    if (until < clientIds.length) setImmediate(() => this.wake(eventId, clientIds, until));
  }

  get size(): number {
    return this.#open;
  }

  /** Bytes that wait for slow readers: at most one event a stream. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const slot of this.#slots) {
      for (const { stream } of slot) bytes += stream.bufferedBytes;
    }
    return bytes;
  }

  /** Ends all streams and opens no more. */
  close(): void {
    this.#closed = true;
    this.#stopTicking?.();
    for (const slot of this.#slots) {
      for (const { stream } of slot) stream.end();
    }
  }

  /** Keeps the slots even, also after many have left: a turn of each would not. */
  #emptiestSlot(): Set<Seat> {
    return this.#slots.reduce((least, slot) => (slot.size < least.size ? slot : least));
  }

  #remove(seat: Seat): void {
    if (!seat.slot.delete(seat)) return;
    const key = keyOf(seat.stream.client);
    const own = this.#byClient.get(key);
    own?.delete(seat);
    if (own?.size === 0) this.#byClient.delete(key);
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#stopTicking?.();
    this.#stopTicking = undefined;
  }

  #lookAfterNextSlot(): void {
    this.#tick = (this.#tick + 1) % SLOTS;
    const nowMs = this.#ticking.nowMs();
    for (const seat of this.#slots[this.#tick] ?? []) {
      seat.stream.check(nowMs);
      if (!seat.stream.over) void this.#look(seat);
    }
  }

  async #look(seat: Seat): Promise<void> {
    if (seat.polling) return;
    seat.polling = true;
    const { stream } = seat;
    try {
      do {
        seat.woken = false;
        const polled = await this.#poll(stream.client, stream.queueTicket);
        // Not in line any more: the stream ends, and a new one is answered 404.
        if (polled.result === "notInLine") stream.end();
        else stream.tell(polled, this.#ticking.nowMs());
      } while (seat.woken && !stream.over);
    } catch {
      // The store is silent, so there is nothing to tell; the slot's next turn asks again.
    } finally {
      seat.polling = false;
    }
  }
}

const systemTicking: Ticking = {
  nowMs: () => performance.now(),
  every(ms, run) {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
};

function keyOf({ eventId, clientId }: ClientRef): string {
  return `${eventId}:${clientId}`;
}
