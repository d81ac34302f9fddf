/** What may befall a cluster in the middle of a sale: drawn from a seed, pure. */
import { Deck } from "../crash/plan.ts";

export const FAULTS = ["kill", "pause", "server", "cut", "delay", "flush", "payments"] as const;
export type FaultKind = (typeof FAULTS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** A process, a server or a wire. */
  readonly target: string;
  /** After the one before has begun. */
  readonly afterMs: number;
  /** Of a pause, a delay, payments that fail; 0 for what happens at once. */
  readonly forMs: number;
  /** Of a delay: how much later each answer is. */
  readonly byMs: number;
}

export interface FaultCast {
  /** May be killed and paused. */
  readonly processes: readonly string[];
  readonly servers: readonly string[];
  /** Between the tester and the services, and between those and their servers. */
  readonly wires: readonly string[];
}

/** Two in a row overlap now and then, and each still shows by itself on a time line. */
const GAP_MS = [1_500, 4_000] as const;
/** Shorter than the requests' own timeout, so that some are answered after all. */
const LENGTH_MS = [500, 4_000] as const;
const DELAY_MS = [50, 400] as const;

/** Endless: each kind comes once before any comes again, and so do the targets of each kind. */
export class FaultDrawing {
  readonly #random: () => number;
  readonly #kinds: Deck<FaultKind>;
  readonly #targets: Readonly<Record<FaultKind, Deck<string>>>;

  constructor(kinds: readonly FaultKind[], cast: FaultCast, random: () => number) {
    const { processes, servers, wires } = cast;
    const deck = (cards: readonly string[]) => new Deck(cards, random);
    this.#random = random;
    this.#kinds = new Deck(kinds, random);
    this.#targets = {
      kill: deck(processes),
      pause: deck(processes),
      server: deck(servers),
      cut: deck(wires),
      delay: deck(wires),
      flush: deck(["redis"]),
      payments: deck(["provider"]),
    };
  }

  next(): Fault {
    const kind = this.#kinds.draw();
    const lasts = kind === "pause" || kind === "delay" || kind === "payments";
    return {
      kind,
      target: this.#targets[kind].draw(),
      afterMs: this.#between(GAP_MS),
      forMs: lasts ? this.#between(LENGTH_MS) : 0,
      byMs: kind === "delay" ? this.#between(DELAY_MS) : 0,
    };
  }

  #between([from, to]: readonly [number, number]): number {
    return Math.round(from + this.#random() * (to - from));
  }
}

/** One line for the time line. */
export function wordsOf({ kind, target, forMs, byMs }: Fault): string {
  const lasting = `for ${(forMs / 1_000).toFixed(1)} s`;
  switch (kind) {
    case "kill":
      return `${target} is killed`;
    case "pause":
      return `${target} stands still ${lasting}`;
    case "server":
      return `${target} is killed and started again`;
    case "cut":
      return `every connection to ${target} is cut`;
    case "delay":
      return `answers of ${target} come ${byMs} ms later ${lasting}`;
    case "flush":
      return "Redis loses everything";
    case "payments":
      return `every payment is declined ${lasting}`;
  }
}
