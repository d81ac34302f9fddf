/** Which numbers were seen: a bit each for those that count up from 0, as those of operations do. */

/** Numbers beyond that are few, or nobody's operations: 16 MiB of bits. */
const MOST_BITS = 2 ** 27;

export class IdSet {
  #bits = new Uint8Array(1_024);
  readonly #beyond = new Set<number>();

  /** False when it was there already. Takes whole numbers from 0. */
  add(id: number): boolean {
    if (id >= MOST_BITS) {
      const fresh = !this.#beyond.has(id);
      this.#beyond.add(id);
      return fresh;
    }
    const at = id >> 3;
    const bit = 1 << (id & 7);
    if (at >= this.#bits.length) this.#grow(at);
    const byte = this.#bits[at]!;
    this.#bits[at] = byte | bit;
    return (byte & bit) === 0;
  }

  #grow(at: number): void {
    const longer = new Uint8Array(Math.max(at + 1, this.#bits.length * 2));
    longer.set(this.#bits);
    this.#bits = longer;
  }
}
