/** Time that passes only when nothing is left to do at an instant, and the processes that live in it. */
import type { Clock } from "../../services/common/clock.ts";
import type { Timers } from "../../services/common/timers.ts";

/** One incarnation of a process: what it started dies with it. */
export interface Life {
  readonly name: string;
  alive: boolean;
}

interface Due {
  readonly atMs: number;
  /** Breaks ties: first asked, first run. */
  readonly order: number;
  readonly life: Life;
  /** Undefined: called off. */
  run: (() => void) | undefined;
}

/** The wall clock at virtual time 0. */
const EPOCH_MS = Date.UTC(2030, 0, 1);
/** Events of one turn of Node's event loop; after each its microtasks run to their end. */
const EVENTS_A_TURN = 128;

export class VirtualTime {
  /** Milliseconds since the run began, whole. */
  nowMs = 0;
  /** Events run so far. */
  events = 0;
  /** Changes when any event is run at another time or in another order. */
  fingerprint = 0x811c9dc5;
  /** Asked before each event of a process; true: that process dies instead. */
  strikes: (life: Life) => boolean = () => false;
  readonly #heap: Due[] = [];
  #asked = 0;
  #stopped = false;
  #error: unknown;

  readonly clock: Clock = { now: () => EPOCH_MS + this.nowMs };

  get epochMs(): number {
    return EPOCH_MS + this.nowMs;
  }

  /** Runs `run` in `ms` milliseconds, unless its process is dead by then. Returns what calls it off. */
  after(life: Life, ms: number, run: () => void): () => void {
    const due: Due = {
      atMs: this.nowMs + Math.max(0, Math.ceil(ms)),
      order: this.#asked,
      life,
      run,
    };
    this.#asked += 1;
    this.#push(due);
    return () => {
      due.run = undefined;
    };
  }

  wait(life: Life, ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(life, ms, resolve);
    });
  }

  timersOf(life: Life): Timers {
    return {
      after: (ms, then) => this.after(life, ms, then),
      soon: (then) => void this.after(life, 0, then),
      elapsedMs: () => this.nowMs,
    };
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Runs until `stop` is called or nothing is left. Rejects with what an event threw. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => this.#step();
      const turn = () => {
        if (this.#error !== undefined) return reject(this.#error);
        if (this.#stopped || this.#heap.length === 0) return resolve();
        for (let i = 0; i < EVENTS_A_TURN; i++) setImmediate(step);
        setImmediate(turn);
      };
      turn();
    });
  }

  #step(): void {
    if (this.#stopped) return;
    try {
      for (let due = this.#pop(); due; due = this.#pop()) {
        if (due.run === undefined || !due.life.alive) continue;
        this.nowMs = due.atMs;
        this.events += 1;
        this.fingerprint = Math.imul(this.fingerprint ^ due.atMs, 0x01000193) ^ due.order;
        // Who is stopped just now may have called this very event off.
        if (!this.strikes(due.life)) due.run?.();
        return;
      }
    } catch (error) {
      this.#error = error;
      this.#stopped = true;
    }
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || first === last) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
