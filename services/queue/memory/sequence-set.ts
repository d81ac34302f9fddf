/** A growing set of whole numbers that knows how many of its members are smaller than a given one. */

/** Numbers on one page: 32 words of 32 bits, so that counting inside a page stays short. */
const PAGE_SIZE = 1_024;
const WORDS = PAGE_SIZE / 32;

/**
 * An order statistic over arrival numbers: bitmaps by page, and a Fenwick tree over the pages'
 * counts. Any number may come back at its old place, which a tree over ranks could not do without
 * renumbering. `add`, `delete`, `countBelow` and `first` take O(log pages); an empty page is
 * freed, and a number that was ever used costs 4/1024 byte for good.
 */
export class SequenceSet {
  readonly #pages = new Map<number, Uint32Array>();
  /** Fenwick tree, 1-based: the count of page p stands at index p + 1. Its capacity is 2^k. */
  #tree = new Float64Array(65);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(sequence: number): boolean {
    const word = this.#pages.get(pageOf(sequence))?.[wordOf(sequence)] ?? 0;
    return (word & bitOf(sequence)) !== 0;
  }

  /** False when it was in the set already. Takes whole numbers from 0. */
  add(sequence: number): boolean {
    if (!Number.isSafeInteger(sequence) || sequence < 0) {
      throw new RangeError(`not an arrival number: ${sequence}`);
    }
    const page = pageOf(sequence);
    const words = this.#pages.get(page) ?? new Uint32Array(WORDS);
    const at = wordOf(sequence);
    if ((words[at]! & bitOf(sequence)) !== 0) return false;
    words[at]! |= bitOf(sequence);
    this.#pages.set(page, words);
    this.#count(page, 1);
    return true;
  }

  /** False when it was not in the set. */
  delete(sequence: number): boolean {
    if (!this.has(sequence)) return false;
    const page = pageOf(sequence);
    const words = this.#pages.get(page)!;
    words[wordOf(sequence)]! &= ~bitOf(sequence);
    if (words.every((word) => word === 0)) this.#pages.delete(page);
    this.#count(page, -1);
    return true;
  }

  /** How many members are smaller; the number itself need not be one. */
  countBelow(sequence: number): number {
    const page = pageOf(sequence);
    let count = 0;
    for (let at = Math.min(page, this.#capacity); at > 0; at -= at & -at) count += this.#tree[at]!;
    const words = this.#pages.get(page);
    if (!words) return count;
    const last = wordOf(sequence);
    for (let at = 0; at < last; at++) count += bitsIn(words[at]!);
    return count + bitsIn(words[last]! & (bitOf(sequence) - 1));
  }

  /** The smallest member. */
  first(): number | undefined {
    if (this.#size === 0) return undefined;
    // Down the tree: the last page before which there is nothing.
    let page = 0;
    for (let step = this.#capacity; step > 0; step = Math.floor(step / 2)) {
      if (page + step <= this.#capacity && this.#tree[page + step] === 0) page += step;
    }
    const words = this.#pages.get(page)!;
    const at = words.findIndex((word) => word !== 0);
    const word = words[at]!;
    return page * PAGE_SIZE + at * 32 + (31 - Math.clz32(word & -word));
  }

  get #capacity(): number {
    return this.#tree.length - 1;
  }

  #count(page: number, by: 1 | -1): void {
    while (page >= this.#capacity) this.#grow();
    this.#size += by;
    for (let at = page + 1; at <= this.#capacity; at += at & -at) this.#tree[at]! += by;
  }

  #grow(): void {
    const before = this.#capacity;
    const tree = new Float64Array(2 * before + 1);
    tree.set(this.#tree);
    // The one new node that also covers the old pages; the others begin empty.
    tree[2 * before] = this.#size;
    this.#tree = tree;
  }
}

function pageOf(sequence: number): number {
  return Math.floor(sequence / PAGE_SIZE);
}

function wordOf(sequence: number): number {
  return (sequence % PAGE_SIZE) >>> 5;
}

function bitOf(sequence: number): number {
  return 1 << (sequence % 32);
}

/** Bits that are set in a 32-bit word (Hacker's Delight, 5-1). */
function bitsIn(word: number): number {
  let sum = word - ((word >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return (((sum + (sum >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
