/**
 * Counters and histograms of a run in progress, for the screen and for the tester's own health.
 * Verdicts come from the record, never from these.
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";
import type { LatencyLine } from "./snapshot.ts";

/** One hour in microseconds: anything slower counts as that. */
const HIGHEST_US = 3_600_000_000;
const MAX_CODES = 100;
const MAX_HISTORY = 120;
const MINUTE = 60;
const PACE_SECONDS = 10;

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Durations in milliseconds, kept to a microsecond and three significant digits. */
export class Durations {
  readonly #histogram: Histogram = build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
  });

  add(ms: number): void {
    const us = Math.round(ms * 1_000);
    this.#histogram.recordValue(Math.max(0, Math.min(us, HIGHEST_US)));
  }

  get count(): number {
    return this.#histogram.totalCount;
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
}

/** The histograms of one process; whole, for percentiles cannot be added up. */
export interface MeterReadings {
  readonly sendLag: string;
  readonly connectionWait: string;
  readonly latency: readonly (readonly [op: string, packed: string])[];
}

export class Meters {
  /** Handed to the driver minus intended: what the tester itself was late. */
  readonly sendLag = new Durations();
  /** On the wire minus handed over: what it waited for a free connection. */
  readonly connectionWait = new Durations();
  readonly #latency = new Map<string, Durations>();
  readonly #codes = new Map<string, number>();
  /** One value a second, the newest last. */
  readonly #line: number[] = [];
  readonly #admitted: number[] = [];
  readonly #ended: number[] = [];
  #requestsNow = 0;
  #requestsLastSecond: number | undefined;
  #admittedNow = 0;
  #admittedTotal = 0;

  requestSent(): void {
    this.#requestsNow += 1;
  }

  admitted(): void {
    this.#admittedNow += 1;
    this.#admittedTotal += 1;
  }

  /** From the intended start, so that a stalled server is not flattered by requests held back. */
  answered(op: string, latencyMs: number): void {
    let durations = this.#latency.get(op);
    if (durations === undefined) {
      durations = new Durations();
      this.#latency.set(op, durations);
    }
    durations.add(latencyMs);
  }

  /** An answer that was not a yes. A target that invents codes fills one common row. */
  refused(code: string): void {
    const known = this.#codes.get(code);
    if (known === undefined && this.#codes.size >= MAX_CODES) {
      this.#codes.set("OTHER", (this.#codes.get("OTHER") ?? 0) + 1);
    } else {
      this.#codes.set(code, (known ?? 0) + 1);
    }
  }

  /** Once a second: the line's length, and how many clients have ended so far. */
  tick(lineLength: number, endedClients: number): void {
    push(this.#line, lineLength, MAX_HISTORY);
    push(this.#admitted, this.#admittedNow, MAX_HISTORY);
    push(this.#ended, endedClients, PACE_SECONDS);
    this.#admittedNow = 0;
    this.#requestsLastSecond = this.#requestsNow;
    this.#requestsNow = 0;
  }

  get admittedTotal(): number {
    return this.#admittedTotal;
  }

  get admittedLastMinute(): number {
    let sum = this.#admittedNow;
    for (const count of this.#admitted.slice(-(MINUTE - 1))) sum += count;
    return sum;
  }

  get requestsPerSecond(): number {
    return this.#requestsLastSecond ?? this.#requestsNow;
  }

  get lineHistory(): readonly number[] {
    return [...this.#line];
  }

  get admissionHistory(): readonly number[] {
    return [...this.#admitted];
  }

  /** Seconds until `total` clients have ended at the last ten seconds' pace; undefined at none. */
  etaSeconds(total: number, endedClients: number): number | undefined {
    const oldest = this.#ended[0];
    if (oldest === undefined) return undefined;
    const perSecond = (endedClients - oldest) / this.#ended.length;
    return perSecond > 0 ? (total - endedClients) / perSecond : undefined;
  }

  latency(): LatencyLine[] {
    return [...this.#latency].map(([op, durations]) => ({
      op,
      count: durations.count,
      ...durations.percentiles(),
    }));
  }

  readings(): MeterReadings {
    return {
      sendLag: this.sendLag.packed(),
      connectionWait: this.connectionWait.packed(),
      latency: [...this.#latency].map(([op, durations]) => [op, durations.packed()] as const),
    };
  }

  errors(): { readonly code: string; readonly count: number }[] {
    return [...this.#codes]
      .map(([code, count]) => ({ code, count }))
      .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
  }
}

function push(values: number[], value: number, max: number): void {
  values.push(value);
  if (values.length > max) values.shift();
}
