/**
 * All waits of a run in one heap with one timer: a wait costs a few bytes, and lateness does not
 * add up, for each due time is kept as it was asked for.
 */
import type { Alarm, EngineClock } from "./clock.ts";

/** After this long in one go the loop is given back, so that answers are read between wake-ups. */
const SLICE_MS = 5;
/** A slice between two answers is shorter: the answers wait in the kernel meanwhile. */
const CATCH_UP_MS = 1;

/** `dueMs` is when it should have been called; how late it is, the clock says. */
export type OnDue = (key: number, dueMs: number) => void;

export class Scheduler {
  readonly #clock: EngineClock;
  readonly #onDue: OnDue;
  /** Due time of each key; and where the key stands in the heap, −1 for not at all. */
  readonly #due: Float64Array;
  readonly #place: Int32Array;
  /** Keys, the earliest first; ties go to the lower key. */
  readonly #heap: Int32Array;
  readonly #ring: () => void;
  #size = 0;
  #alarm: Alarm | undefined;
  #alarmMs = Number.POSITIVE_INFINITY;
  #serving = false;
  #held = false;
  #stopped = false;

  /** Keys are whole numbers from 0 to `keys` − 1, each with one wait at a time. */
  constructor(clock: EngineClock, keys: number, onDue: OnDue) {
    this.#clock = clock;
    this.#onDue = onDue;
    this.#due = new Float64Array(keys);
    this.#place = new Int32Array(keys).fill(-1);
    this.#heap = new Int32Array(keys);
    this.#ring = () => {
      this.#alarm = undefined;
      this.#alarmMs = Number.POSITIVE_INFINITY;
      this.#serve(SLICE_MS);
    };
  }

  get size(): number {
    return this.#size;
  }

  /** Wakes `key` at `dueMs` of the clock, instead of any wait it has. */
  at(key: number, dueMs: number): void {
    if (this.#stopped) return;
    const place = this.#place[key]!;
    this.#due[key] = dueMs;
    if (place < 0) {
      this.#heap[this.#size] = key;
      this.#place[key] = this.#size;
      this.#size += 1;
      this.#rise(this.#size - 1);
    } else {
      this.#rise(place);
      this.#sink(this.#place[key]!);
    }
    this.#arm();
  }

  /** Whether `key` has a wait. */
  has(key: number): boolean {
    return this.#place[key]! >= 0;
  }

  /** When `key` is to be woken; undefined without a wait. */
  dueOf(key: number): number | undefined {
    return this.has(key) ? this.#due[key] : undefined;
  }

  /**
   * Serves what is overdue, a millisecond at most. The loop rings timers only between two rounds
   * of input, and a round of a hundred answers would make them all late.
   */
  catchUp(): void {
    if (this.#size === 0 || this.#serving || this.#held) return;
    if (this.#due[this.#heap[0]!]! <= this.#clock.now()) this.#serve(CATCH_UP_MS);
  }

  /** Nothing is called until {@link release}; due times stand. */
  hold(): void {
    this.#held = true;
    this.#disarm();
  }

  release(): void {
    this.#held = false;
    this.#arm();
  }

  /** Forgets every wait, for good. */
  stop(): void {
    this.#stopped = true;
    this.#size = 0;
    this.#place.fill(-1);
    this.#disarm();
  }

  #serve(sliceMs: number): void {
    this.#serving = true;
    const begunMs = this.#clock.now();
    let nowMs = begunMs;
    while (this.#size > 0 && !this.#held && this.#due[this.#heap[0]!]! <= nowMs) {
      if (nowMs - begunMs > sliceMs) break;
      const key = this.#heap[0]!;
      this.#remove(0);
      this.#onDue(key, this.#due[key]!);
      nowMs = this.#clock.now();
    }
    this.#serving = false;
    this.#arm();
  }

  /**
   * Sets the one timer for the earliest wait, unless it rings early enough already: one that rings
   * for nothing now and then costs less than a new one after each answer.
   */
  #arm(): void {
    if (this.#size === 0 || this.#serving || this.#held || this.#stopped) return;
    const dueMs = this.#due[this.#heap[0]!]!;
    if (dueMs >= this.#alarmMs) return;
    this.#disarm();
    this.#alarmMs = dueMs;
    this.#alarm = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), this.#ring);
  }

  #disarm(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#alarmMs = Number.POSITIVE_INFINITY;
  }

  #remove(place: number): void {
    const key = this.#heap[place]!;
    this.#place[key] = -1;
    this.#size -= 1;
    if (place === this.#size) return;
    const moved = this.#heap[this.#size]!;
    this.#heap[place] = moved;
    this.#place[moved] = place;
    this.#rise(place);
    this.#sink(this.#place[moved]!);
  }

  #rise(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#before(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #sink(from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.#size) return;
      const right = left + 1;
      const child = right < this.#size && this.#before(right, left) ? right : left;
      if (!this.#before(child, place)) return;
      this.#swap(place, child);
      place = child;
    }
  }

  #before(a: number, b: number): boolean {
    const keyA = this.#heap[a]!;
    const keyB = this.#heap[b]!;
    const gap = this.#due[keyA]! - this.#due[keyB]!;
    return gap < 0 || (gap === 0 && keyA < keyB);
  }

  #swap(a: number, b: number): void {
    const keyA = this.#heap[a]!;
    const keyB = this.#heap[b]!;
    this.#heap[a] = keyB;
    this.#heap[b] = keyA;
    this.#place[keyA] = b;
    this.#place[keyB] = a;
  }
}
