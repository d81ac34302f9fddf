/** The instants at which passes of one event were issued, oldest first, as far back as they count. */
import type { Times } from "../admission.ts";

/** At most one number for each permit of a minute. */
export class AdmissionTimes implements Times {
  #times: number[] = [];
  /** Those before it are over. */
  #first = 0;

  get length(): number {
    return this.#times.length - this.#first;
  }

  at(index: number): number | undefined {
    return this.#times[this.#first + index];
  }

  /** Never earlier than the last one. */
  push(atMs: number): void {
    this.#times.push(atMs);
  }

  dropBefore(ms: number): void {
    while (this.length > 0 && this.#times[this.#first]! < ms) this.#first += 1;
    if (this.#first > 1_024 && this.#first * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#first);
      this.#first = 0;
    }
  }
}
