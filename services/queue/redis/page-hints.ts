/** On which page of its line a client was last: a hint that spares Redis most of a poll's work. */
import { LIMITS } from "../../common/limits.ts";

/** Of one event. A wrong hint costs the look-ups it would have spared, and nothing else. */
export class PageHints {
  readonly #pages = new Map<string, number>();

  /** 0: not known. */
  of(clientId: string): number {
    return this.#pages.get(clientId) ?? 0;
  }

  /** 0: it is on none. */
  remember(clientId: string, page: number): void {
    if (page === 0) {
      this.#pages.delete(clientId);
      return;
    }
    this.#pages.set(clientId, page);
    if (this.#pages.size <= LIMITS.pageHints) return;
    const oldest = this.#pages.keys().next();
    if (!oldest.done) this.#pages.delete(oldest.value);
  }
}
