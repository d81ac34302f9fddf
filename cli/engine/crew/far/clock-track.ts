/**
 * Estimates how another machine's monotonic clock stands to ours, from questions and answers, with
 * bounds that hold whatever the way there and back took; pure.
 */

/** One question and its answer: two readings of each clock, in milliseconds. */
export interface Exchange {
  readonly sentMs: number;
  /** Theirs, when the question came in and when the answer went out. */
  readonly theirReceivedMs: number;
  readonly theirSentMs: number;
  readonly heardMs: number;
}

/** At `atMs` of ours, theirs less ours was surely within `offsetMs` ± `errorMs`. */
export interface Sighting {
  readonly atMs: number;
  readonly offsetMs: number;
  readonly errorMs: number;
}

/**
 * The question arrived after it was sent, and the answer after it was: each is one bound of the
 * offset, half the way there and back apart from the middle. No symmetry of the way is assumed, only
 * that both clocks run alike for the moment of it.
 */
export function sightingOf(exchange: Exchange): Sighting {
  const { sentMs, theirReceivedMs, theirSentMs, heardMs } = exchange;
  const atMost = theirReceivedMs - sentMs;
  const atLeast = theirSentMs - heardMs;
  return {
    atMs: (sentMs + heardMs) / 2,
    offsetMs: (atMost + atLeast) / 2,
    errorMs: (atMost - atLeast) / 2,
  };
}

/** Clocks of two machines part by some 0.05 ms a second at worst: 0.5 ms in one window. */
const WINDOW_MS = 10_000;
/** Closer ones would make a slope of their own errors. */
const APART_MS = 1_000;

/** The best sightings of a run: one in each window, for delays only ever make them worse. */
export class ClockTrack {
  readonly #best: Sighting[] = [];
  #firstMs: number | undefined;
  #count = 0;

  add(exchange: Exchange): void {
    const seen = sightingOf(exchange);
    this.#count += 1;
    this.#firstMs ??= seen.atMs;
    const window = this.#windowOf(seen);
    const last = this.#best.at(-1);
    if (last === undefined || this.#windowOf(last) !== window) this.#best.push(seen);
    else if (seen.errorMs <= last.errorMs) this.#best[this.#best.length - 1] = seen;
  }

  /** The offset as last seen; undefined before the first exchange. */
  get offsetMs(): number | undefined {
    return this.#best.at(-1)?.offsetMs;
  }

  /** What puts their times on our clock; throws RangeError before the first exchange. */
  fit(): ClockFit {
    const sightings: Sighting[] = [];
    for (const seen of this.#best) {
      const last = sightings.at(-1);
      if (last === undefined || seen.atMs - last.atMs >= APART_MS) sightings.push(seen);
      else if (seen.errorMs < last.errorMs) sightings[sightings.length - 1] = seen;
    }
    return new ClockFit(sightings, this.#count);
  }

  #windowOf({ atMs }: Sighting): number {
    return Math.floor((atMs - (this.#firstMs ?? atMs)) / WINDOW_MS);
  }
}

/** A line through sightings, and how far from the truth it can be. */
export class ClockFit {
  readonly #sightings: readonly Sighting[];
  /** When each was, on their clock. */
  readonly #theirs: Float64Array;
  readonly exchanges: number;

  constructor(sightings: readonly Sighting[], exchanges: number) {
    if (sightings.length === 0) throw new RangeError("no exchange has told anything of the clock");
    this.#sightings = sightings;
    this.#theirs = Float64Array.from(sightings, ({ atMs, offsetMs }) => atMs + offsetMs);
    this.exchanges = exchanges;
  }

  /**
   * No time that is put on our clock is further off than this. Between two sightings the offset is
   * taken to move one way, from somewhere in the first's bounds to somewhere in the second's.
   */
  get errorMs(): number {
    let worst = this.#sightings.length === 1 ? this.#sightings[0]!.errorMs : 0;
    for (const [index, second] of this.#sightings.entries()) {
      const first = this.#sightings[index - 1];
      if (first === undefined) continue;
      const pair = [first, second];
      const offsets = pair.map(({ offsetMs }) => offsetMs);
      const highest = Math.max(...pair.map(({ offsetMs, errorMs }) => offsetMs + errorMs));
      const lowest = Math.min(...pair.map(({ offsetMs, errorMs }) => offsetMs - errorMs));
      worst = Math.max(worst, highest - Math.min(...offsets), Math.max(...offsets) - lowest);
    }
    return worst;
  }

  /** How far the offset moved from the first sighting to the last. */
  get driftMs(): number {
    return this.#sightings.at(-1)!.offsetMs - this.#sightings[0]!.offsetMs;
  }

  /** A reading of their clock on ours. Later ones stay later. */
  toOurs(theirMs: number): number {
    return theirMs - this.#offsetAt(theirMs);
  }

  #offsetAt(theirMs: number): number {
    const after = this.#firstAfter(theirMs);
    const [first, second] = [this.#sightings[after - 1], this.#sightings[after]];
    if (first === undefined || second === undefined) return (first ?? second!).offsetMs;
    const [fromMs, toMs] = [this.#theirs[after - 1]!, this.#theirs[after]!];
    const part = (theirMs - fromMs) / (toMs - fromMs);
    return first.offsetMs + part * (second.offsetMs - first.offsetMs);
  }

  /** By halves: millions of times are put on our clock after an hour with hundreds of sightings. */
  #firstAfter(theirMs: number): number {
    let [low, high] = [0, this.#theirs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#theirs[middle]! > theirMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
