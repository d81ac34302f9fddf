/** Things by the time at which something is due to happen to them, the soonest first. */

/** What the heap keeps on each of its items; only the heap writes it. */
export interface Timed {
  deadlineMs: number;
  /** -1: not in a heap. */
  heapIndex: number;
}

/**
 * A binary heap in which every item knows where it stands, so that a new deadline moves it instead
 * of leaving a stale entry behind: one entry an item, however often a client polls. O(log n).
 */
export class DeadlineHeap<T extends Timed> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** Puts the item in, or moves it to its new deadline. */
  schedule(item: T, deadlineMs: number): void {
    item.deadlineMs = deadlineMs;
    if (item.heapIndex < 0) {
      item.heapIndex = this.#items.length;
      this.#items.push(item);
    }
    this.#settle(item);
  }

  cancel(item: T): void {
    const at = item.heapIndex;
    if (at < 0) return;
    const last = this.#items.pop()!;
    if (last !== item) {
      this.#put(last, at);
      this.#settle(last);
    }
    item.heapIndex = -1;
  }

  /** Takes out the item whose deadline is the soonest, if that is not after `nowMs`. */
  takeDue(nowMs: number): T | undefined {
    const soonest = this.#items[0];
    if (!soonest || soonest.deadlineMs > nowMs) return undefined;
    this.cancel(soonest);
    return soonest;
  }

  #settle(item: T): void {
    let at = item.heapIndex;
    while (at > 0) {
      const parent = this.#items[(at - 1) >> 1]!;
      if (parent.deadlineMs <= item.deadlineMs) break;
      const up = parent.heapIndex;
      this.#put(parent, at);
      at = up;
    }
    for (;;) {
      const left = this.#items[2 * at + 1];
      const right = this.#items[2 * at + 2];
      const child = right && left && right.deadlineMs < left.deadlineMs ? right : left;
      if (!child || child.deadlineMs >= item.deadlineMs) break;
      const down = child.heapIndex;
      this.#put(child, at);
      at = down;
    }
    this.#put(item, at);
  }

  #put(item: T, at: number): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }
}
