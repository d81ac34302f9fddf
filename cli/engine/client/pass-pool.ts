/** Passes that were seen lately and should still open the gate: what a pass thief could steal. */

interface SeenPass {
  readonly client: number;
  readonly pass: string;
  readonly untilMs: number;
}

const KEPT = 64;

export class PassPool {
  readonly #ttlMs: number;
  readonly #kept: SeenPass[] = [];

  /** `ttlMs`: how long after it was first seen a pass is worth stealing. */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  seen(client: number, pass: string, nowMs: number): void {
    this.#kept.push({ client, pass, untilMs: nowMs + this.#ttlMs });
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  /** The client has bought with its pass or lost it. */
  spent(client: number): void {
    const place = this.#kept.findIndex((seen) => seen.client === client);
    if (place >= 0) this.#kept.splice(place, 1);
  }

  /** The newest live pass of somebody else. */
  foreignTo(client: number, nowMs: number): string | undefined {
    return this.#kept.findLast((seen) => seen.client !== client && seen.untilMs > nowMs)?.pass;
  }
}
