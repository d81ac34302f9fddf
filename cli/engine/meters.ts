/**
 * Counters and histograms of a run in progress, for the screen and for the tester's own health.
 * Verdicts come from the record, never from these.
 */
import { Durations } from "./durations.ts";
import type { ErrorKind, ErrorLine, LatencyLine, RecentError } from "./snapshot.ts";

export { Durations, type Percentiles } from "./durations.ts";

const MAX_CODES = 100;
const MAX_HISTORY = 120;
/** Seconds of each operation's course. */
const MAX_COURSE = 60;
const MAX_RECENT = 20;
const MINUTE = 60;
const PACE_SECONDS = 10;

/** The histograms of one process; whole, for percentiles cannot be added up. */
export interface MeterReadings {
  readonly sendLag: string;
  readonly connectionWait: string;
  readonly latency: readonly (readonly [op: string, corrected: string, raw: string])[];
}

/** How long one kind of request took. */
interface OpMeter {
  /** From the intended start, so that a stalled server is not flattered by requests held back. */
  readonly corrected: Durations;
  /** From the first byte out. */
  readonly raw: Durations;
  /** Of this second alone, corrected; two digits are enough for a picture. */
  readonly second: Durations;
  readonly course: number[];
}

export class Meters {
  /** Handed to the driver minus intended: what the tester itself was late. */
  readonly sendLag = new Durations();
  /** On the wire minus handed over: what it waited for a free connection. */
  readonly connectionWait = new Durations();
  readonly #latency = new Map<string, OpMeter>();
  readonly #codes = new Map<string, { readonly kind: ErrorKind; count: number }>();
  readonly #recent: RecentError[] = [];
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

  /** Both in milliseconds: from the intended start, and from the actual one. */
  answered(op: string, latencyMs: number, rawMs: number): void {
    let meter = this.#latency.get(op);
    if (meter === undefined) {
      const [corrected, raw, second] = [new Durations(), new Durations(), new Durations(2)];
      meter = { corrected, raw, second, course: [] };
      this.#latency.set(op, meter);
    }
    meter.corrected.add(latencyMs);
    meter.raw.add(rawMs);
    meter.second.add(latencyMs);
  }

  /** An answer that was not a yes. A target that invents codes fills one common row. */
  refused(kind: ErrorKind, error: RecentError): void {
    push(this.#recent, error, MAX_RECENT);
    const known = this.#codes.get(error.code);
    const code = known === undefined && this.#codes.size >= MAX_CODES ? "OTHER" : error.code;
    const row = this.#codes.get(code);
    if (row === undefined) this.#codes.set(code, { kind, count: 1 });
    else row.count += 1;
  }

  /** Once a second: the line's length, and how many clients have ended so far. */
  tick(lineLength: number, endedClients: number): void {
    push(this.#line, lineLength, MAX_HISTORY);
    push(this.#admitted, this.#admittedNow, MAX_HISTORY);
    push(this.#ended, endedClients, PACE_SECONDS);
    for (const { second, course } of this.#latency.values()) {
      push(course, second.percentiles().p99, MAX_COURSE);
      second.clear();
    }
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
    return [...this.#latency].map(([op, { corrected, raw, course }]) => ({
      op,
      count: corrected.count,
      ...corrected.spread(),
      raw: raw.spread(),
      p99History: [...course],
    }));
  }

  readings(): MeterReadings {
    return {
      sendLag: this.sendLag.packed(),
      connectionWait: this.connectionWait.packed(),
      latency: [...this.#latency].map(
        ([op, { corrected, raw }]) => [op, corrected.packed(), raw.packed()] as const,
      ),
    };
  }

  errors(): ErrorLine[] {
    return [...this.#codes].map(([code, row]) => ({ code, ...row })).sort(byFrequency);
  }

  /** The newest last. */
  get recentErrors(): readonly RecentError[] {
    return [...this.#recent];
  }
}

/** Most frequent first. */
export function byFrequency(a: ErrorLine, b: ErrorLine): number {
  return b.count - a.count || (a.code < b.code ? -1 : 1);
}

function push<T>(values: T[], value: T, max: number): void {
  values.push(value);
  if (values.length > max) values.shift();
}
