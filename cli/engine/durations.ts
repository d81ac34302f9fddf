/** Durations of many requests, kept as a histogram: percentiles at any time, in constant memory. */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";

/** One hour in microseconds: anything slower counts as that. */
const HIGHEST_US = 3_600_000_000;

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Spread extends Percentiles {
  readonly p90: number;
}

/** Durations in milliseconds, kept to a microsecond and three (or two) significant digits. */
export class Durations {
  readonly #histogram: Histogram;

  constructor(significantDigits: 2 | 3 = 3) {
    this.#histogram = build({
      bitBucketSize: 32,
      autoResize: false,
      lowestDiscernibleValue: 1,
      highestTrackableValue: HIGHEST_US,
      numberOfSignificantValueDigits: significantDigits,
    });
  }

  add(ms: number): void {
    const us = Math.round(ms * 1_000);
    this.#histogram.recordValue(Math.max(0, Math.min(us, HIGHEST_US)));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  clear(): void {
    this.#histogram.reset();
  }

  /** As text, for another process. */
  packed(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  addPacked(packed: string): void {
    this.#histogram.add(decodeFromCompressedBase64(packed, 32));
  }

  /** In milliseconds; zeros while nothing was measured. */
  percentiles(): Percentiles {
    if (this.count === 0) return { p50: 0, p99: 0, max: 0 };
    return {
      p50: this.#histogram.getValueAtPercentile(50) / 1_000,
      p99: this.#histogram.getValueAtPercentile(99) / 1_000,
      max: this.#histogram.maxValue / 1_000,
    };
  }

  /** The same, and what nine in ten did not exceed. */
  spread(): Spread {
    const p90 = this.count === 0 ? 0 : this.#histogram.getValueAtPercentile(90) / 1_000;
    return { ...this.percentiles(), p90 };
  }
}
