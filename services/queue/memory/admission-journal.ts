/** The last admissions of one event, numbered from 1: what anybody may check afterwards. */
import type { JournalEntry } from "../waiting-room-store.ts";

/** A ring: the newest entry takes the place of the oldest once there are `most`. */
export class AdmissionJournal {
  readonly #most: number;
  /** Entry number n stands at (n - 1) % most. */
  readonly #entries: JournalEntry[] = [];
  #total = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Admissions so far, those no longer kept included. */
  get total(): number {
    return this.#total;
  }

  add(admission: Omit<JournalEntry, "number">): void {
    const at = this.#total % this.#most;
    this.#total += 1;
    this.#entries[at] = { number: this.#total, ...admission };
  }

  /** At most `most` entries after number `after`, oldest first. O(most). */
  read(after: number, most: number): readonly JournalEntry[] {
    const from = Math.max(after, this.#total - this.#entries.length);
    const to = Math.min(this.#total, from + most);
    const page: JournalEntry[] = [];
    for (let at = from; at < to; at++) page.push(this.#entries[at % this.#most]!);
    return page;
  }
}
