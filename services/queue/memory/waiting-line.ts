/** The line of one event: who stands where, who is there, who was silent for too long. */
import { graceMs } from "../advice.ts";
import type { PlaceInLine } from "../waiting-room-store.ts";
import { DeadlineHeap, type Timed } from "./deadline-heap.ts";
import { SequenceSet } from "./sequence-set.ts";

export interface Place extends PlaceInLine, Timed {
  readonly clientId: string;
  lastSignMs: number;
  /** False: silent beyond its grace; the place stays its own, but others go first. */
  present: boolean;
}

/** Times never go back. O(log n) for every call, apart from what a call to `expire` has to do. */
export class WaitingLine {
  readonly #waitingTtlMs: number;
  readonly #places = new Map<string, Place>();
  readonly #bySequence = new Map<number, Place>();
  readonly #present = new SequenceSet();
  readonly #deadlines = new DeadlineHeap<Place>();
  /**
   * Clients whose place was lost by silence alone, with the earliest such place: what a ticket may
   * bring back. A client that leaves or is admitted is struck out, so no old ticket can help it.
   */
  readonly #lapsed = new Map<string, number>();
  readonly #mostLapsed: number;
  /** Counts arrivals. Not a clock: two in one millisecond, or after it stepped back, keep their order. */
  #nextSequence = 0;

  constructor(waitingTtlMs: number, mostLapsed: number) {
    this.#waitingTtlMs = waitingTtlMs;
    this.#mostLapsed = mostLapsed;
  }

  /** Places, of present and absent clients. */
  get length(): number {
    return this.#places.size;
  }

  find(clientId: string): Place | undefined {
    return this.#places.get(clientId);
  }

  /**
   * A new place at the end, or the former one of a client that lost it by silence. The client must
   * not stand in line. {@link expectWithin} must follow.
   */
  join(clientId: string, formerly: PlaceInLine | undefined, nowMs: number): Place {
    const regained = formerly && this.#regain(clientId, formerly);
    const place: Place = {
      clientId,
      sequence: regained?.sequence ?? this.#nextSequence++,
      joinedAtMs: regained?.joinedAtMs ?? nowMs,
      lastSignMs: nowMs,
      present: true,
      deadlineMs: 0,
      heapIndex: -1,
    };
    this.#places.set(clientId, place);
    this.#bySequence.set(place.sequence, place);
    this.#present.add(place.sequence);
    return place;
  }

  /** A sign of life: the client is there (again), at its old place. */
  hear(place: Place, nowMs: number): void {
    place.lastSignMs = nowMs;
    if (place.present) return;
    place.present = true;
    this.#present.add(place.sequence);
  }

  /** The client was told when to ask again: it is absent once its grace has passed by more. */
  expectWithin(place: Place, pollAfterSeconds: number): void {
    const absentFromMs = place.lastSignMs + graceMs(pollAfterSeconds) + 1;
    this.#deadlines.schedule(place, Math.min(absentFromMs, this.#lapsesAtMs(place)));
  }

  /** Present clients ahead. */
  positionOf(place: Place): number {
    return this.#present.countBelow(place.sequence);
  }

  /** The earliest client who is there. */
  firstPresent(): Place | undefined {
    const sequence = this.#present.first();
    return sequence === undefined ? undefined : this.#bySequence.get(sequence);
  }

  /** Admitted or left: out of the line for good. */
  remove(place: Place): void {
    this.#drop(place);
    this.#lapsed.delete(place.clientId);
  }

  /** Lets the silent give way, and forgets those silent for the waiting TTL. Returns how many of these. */
  expire(nowMs: number): number {
    let forgotten = 0;
    for (;;) {
      const place = this.#deadlines.takeDue(nowMs);
      if (!place) return forgotten;
      if (this.#lapsesAtMs(place) <= nowMs) {
        this.#drop(place);
        this.#rememberLapsed(place);
        forgotten += 1;
      } else {
        place.present = false;
        this.#present.delete(place.sequence);
        this.#deadlines.schedule(place, this.#lapsesAtMs(place));
      }
    }
  }

  #lapsesAtMs(place: Place): number {
    return place.lastSignMs + this.#waitingTtlMs;
  }

  #drop(place: Place): void {
    this.#deadlines.cancel(place);
    this.#places.delete(place.clientId);
    this.#bySequence.delete(place.sequence);
    this.#present.delete(place.sequence);
  }

  #rememberLapsed(place: Place): void {
    const earliest = Math.min(place.sequence, this.#lapsed.get(place.clientId) ?? Infinity);
    this.#lapsed.set(place.clientId, earliest);
    if (this.#lapsed.size <= this.#mostLapsed) return;
    // The longest remembered goes: a Map keeps the order of insertion.
    const oldest = this.#lapsed.keys().next();
    if (!oldest.done) this.#lapsed.delete(oldest.value);
  }

  #regain(clientId: string, formerly: PlaceInLine): PlaceInLine | undefined {
    const earliest = this.#lapsed.get(clientId);
    if (earliest === undefined || formerly.sequence < earliest) return undefined;
    if (formerly.sequence >= this.#nextSequence || this.#bySequence.has(formerly.sequence)) {
      return undefined;
    }
    return formerly;
  }
}
