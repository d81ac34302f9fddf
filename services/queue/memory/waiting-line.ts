/** The line of one event: who stands where, who is there, who was silent for too long. */
import { graceMs } from "../advice.ts";
import type { PlaceNumber } from "../waiting-room-store.ts";
import { DeadlineHeap, type Timed } from "./deadline-heap.ts";
import { LapsedPlaces } from "./lapsed-places.ts";
import { SequenceSet } from "./sequence-set.ts";

/** So fine is the time of arrival of which a sequence is made. */
const SEQUENCES_PER_MS = 4_096;

export interface Place extends PlaceNumber, Timed {
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
   * What a ticket of this room may bring back. A client that leaves or is admitted is struck out,
   * so no old ticket can help it.
   */
  readonly #lapsed: LapsedPlaces;
  #lastSequence = 0;

  constructor(waitingTtlMs: number, mostLapsed: number) {
    this.#waitingTtlMs = waitingTtlMs;
    this.#lapsed = new LapsedPlaces(mostLapsed);
  }

  /** Places, of present and absent clients. */
  get length(): number {
    return this.#places.size;
  }

  find(clientId: string): Place | undefined {
    return this.#places.get(clientId);
  }

  /**
   * A new place at the end, or the given one, which must be free. The client must not stand in line.
   * {@link expectWithin} must follow.
   */
  join(clientId: string, regained: PlaceNumber | undefined, nowMs: number): Place {
    const sequence = regained?.sequence ?? this.#end(nowMs);
    this.#lastSequence = Math.max(this.#lastSequence, sequence);
    const place: Place = {
      clientId,
      sequence,
      joinedAtMs: Math.floor(sequence / SEQUENCES_PER_MS),
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

  /** Whether nobody stands there now. */
  isFree(sequence: number): boolean {
    return !this.#bySequence.has(sequence);
  }

  /** Whether silence alone has cost the client this place, or one before it. */
  hasLapsed(clientId: string, sequence: number): boolean {
    const earliest = this.#lapsed.earliestOf(clientId);
    return earliest !== undefined && sequence >= earliest && sequence <= this.#lastSequence;
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
    this.#lapsed.forget(place.clientId);
  }

  /** Lets the silent give way, and forgets those silent for the waiting TTL. Returns how many of these. */
  expire(nowMs: number): number {
    let forgotten = 0;
    for (;;) {
      const place = this.#deadlines.takeDue(nowMs);
      if (!place) return forgotten;
      if (this.#lapsesAtMs(place) <= nowMs) {
        this.#drop(place);
        this.#lapsed.remember(place.clientId, place.sequence);
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

  /** By the time, and still in order within a millisecond or where the time stands still. */
  #end(nowMs: number): number {
    return Math.max(this.#lastSequence + 1, nowMs * SEQUENCES_PER_MS);
  }
}
