/** How far back in line the waiting believe they stand, counted by decades: a byte a client. */
import { PLACE_DECADES } from "./snapshot.ts";

/** Nobody told the client anything yet, or it has left the line. */
const NOWHERE = 0;

export class PlacesTold {
  /** The client's decade plus one. */
  readonly #decades: Uint8Array;
  readonly #counts = new Array<number>(PLACE_DECADES).fill(0);

  constructor(clients: number) {
    this.#decades = new Uint8Array(clients);
  }

  /** See `Snapshot.placesTold`. */
  get counts(): readonly number[] {
    return [...this.#counts];
  }

  /** So many stand ahead of the client. */
  told(client: number, ahead: number): void {
    this.gone(client);
    const decade = decadeOf(ahead);
    this.#decades[client] = decade + 1;
    this.#counts[decade]! += 1;
  }

  gone(client: number): void {
    const known = this.#decades[client]!;
    if (known === NOWHERE) return;
    this.#decades[client] = NOWHERE;
    this.#counts[known - 1]! -= 1;
  }
}

/** 0 for none, 1 for 1 to 9, 2 for 10 to 99 and so on. */
export function decadeOf(ahead: number): number {
  let decade = 0;
  for (let bound = 1; ahead >= bound && decade < PLACE_DECADES - 1; bound *= 10) decade += 1;
  return decade;
}
