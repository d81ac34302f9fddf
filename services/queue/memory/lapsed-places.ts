/** Places that silence alone has cost, with the clients who may come back to them by a ticket. */
import { SequenceSet } from "./sequence-set.ts";

/**
 * Of each client the earliest such place. When there are too many, the latest place goes first: it
 * is the one worth least. O(log n) for every call.
 */
export class LapsedPlaces {
  readonly #most: number;
  readonly #byClient = new Map<string, number>();
  readonly #sequences = new SequenceSet();
  /** More than one client only where a ticket of an earlier epoch named a place of this one. */
  readonly #bySequence = new Map<number, string[]>();

  constructor(most: number) {
    this.#most = most;
  }

  earliestOf(clientId: string): number | undefined {
    return this.#byClient.get(clientId);
  }

  remember(clientId: string, sequence: number): void {
    const before = this.#byClient.get(clientId) ?? Infinity;
    if (sequence >= before) return;
    this.forget(clientId);
    this.#byClient.set(clientId, sequence);
    const there = this.#bySequence.get(sequence);
    if (there) there.push(clientId);
    else this.#bySequence.set(sequence, [clientId]);
    this.#sequences.add(sequence);
    if (this.#byClient.size > this.#most) this.#forgetLatest();
  }

  forget(clientId: string): void {
    const sequence = this.#byClient.get(clientId);
    if (sequence === undefined) return;
    this.#byClient.delete(clientId);
    const others = this.#bySequence.get(sequence)!.filter((one) => one !== clientId);
    if (others.length > 0) {
      this.#bySequence.set(sequence, others);
      return;
    }
    this.#bySequence.delete(sequence);
    this.#sequences.delete(sequence);
  }

  #forgetLatest(): void {
    const latest = this.#sequences.last()!;
    // Of two at one place the last by name, so that every store forgets the same one.
    const [name] = this.#bySequence.get(latest)!.toSorted().slice(-1);
    this.forget(name!);
  }
}
