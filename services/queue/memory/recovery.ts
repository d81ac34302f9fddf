/** What a room that lost everything owes to those who stood in line: their places, once. */
import { WINDOW_MS } from "../admission.ts";

/**
 * Nobody tells a room that there was one before it: the first ticket of an earlier epoch does. From
 * then on it remembers whom it has served, so that no such ticket counts twice; it stops when the
 * waiting TTL since its birth is over, as nobody of before is waited for any longer.
 */
export class Recovery {
  readonly #bornAtMs: number;
  readonly #endsAtMs: number;
  /** Out of the line for good, or without the pass they held, since the room knows of the loss. */
  readonly #served = new Set<string>();
  #returning = false;
  #closedUntilMs = -Infinity;

  constructor(bornAtMs: number, waitingTtlMs: number) {
    this.#bornAtMs = bornAtMs;
    this.#endsAtMs = bornAtMs + waitingTtlMs;
  }

  /** Nobody may be admitted before; -Infinity while nothing is known to be lost. */
  get closedUntilMs(): number {
    return this.#closedUntilMs;
  }

  /** Time passes: memory of what is over is freed. */
  pass(nowMs: number): void {
    if (nowMs >= this.#endsAtMs) this.#served.clear();
  }

  /** A client without place and pass shows a ticket of an earlier epoch: whether it may count. */
  mayReturn(clientId: string, nowMs: number): boolean {
    if (nowMs >= this.#endsAtMs) return false;
    if (!this.#returning) {
      this.#returning = true;
      // Passes of before count until a window after they were issued, which this room cannot know.
      this.#closedUntilMs = Math.max(this.#closedUntilMs, this.#bornAtMs + WINDOW_MS + 1);
    }
    return !this.#served.has(clientId);
  }

  serve(clientId: string, nowMs: number): void {
    if (this.#returning && nowMs < this.#endsAtMs) this.#served.add(clientId);
  }
}
