/**
 * When clients arrive, and that a person may stop them for a while. The plan's gaps stay as they
 * are: everyone who has not come yet comes later by as long as the gate was shut. So a pause makes
 * nobody late, and drops nobody. Pure; times on the run's clock.
 */
import { countDropped } from "./arrivals.ts";

export class ArrivalGate {
  readonly #arrivalsMs: Float64Array;
  /** 1 from a client's first wake-up on. */
  readonly #arrived: Uint8Array;
  /** Those whose time came while the gate was shut. */
  #parked: number[] = [];
  #shiftMs = 0;
  #shutAtMs: number | undefined;

  /** The plan's arrivals, since the run began; kept, and moved on. */
  constructor(arrivalsMs: Float64Array) {
    this.#arrivalsMs = arrivalsMs;
    this.#arrived = new Uint8Array(arrivalsMs.length);
  }

  get paused(): boolean {
    return this.#shutAtMs !== undefined;
  }

  /** The run begins at `fromMs`: each client's arrival. */
  begin(fromMs: number, wake: (client: number, dueMs: number) => void): void {
    for (let client = 0; client < this.#arrivalsMs.length; client += 1) {
      this.#arrivalsMs[client]! += fromMs;
      wake(client, this.#arrivalsMs[client]!);
    }
  }

  /**
   * A wait of the client is over that was to end at `dueMs`. undefined: let it in. A time: it was
   * put off until then. Infinity: it waits for the gate, and {@link open} will wake it.
   */
  putOff(client: number, dueMs: number): number | undefined {
    if (this.#arrived[client] === 1) return undefined;
    const arrivalMs = this.#arrivalsMs[client]! + this.#shiftMs;
    if (dueMs < arrivalMs) return arrivalMs;
    if (this.#shutAtMs !== undefined && arrivalMs >= this.#shutAtMs) {
      this.#parked.push(client);
      return Number.POSITIVE_INFINITY;
    }
    this.#arrived[client] = 1;
    this.#arrivalsMs[client] = arrivalMs;
    return undefined;
  }

  shut(atMs: number): void {
    this.#shutAtMs ??= atMs;
  }

  /** @returns how long it was shut, in milliseconds */
  open(atMs: number, wake: (client: number, dueMs: number) => void): number {
    if (this.#shutAtMs === undefined) return 0;
    const shutForMs = atMs - this.#shutAtMs;
    this.#shiftMs += shutForMs;
    this.#shutAtMs = undefined;
    for (const client of this.#parked) wake(client, this.#arrivalsMs[client]! + this.#shiftMs);
    this.#parked = [];
    return shutForMs;
  }

  /** Arrivals that never came about, when the run ends at `atMs`; paused time holds nobody late. */
  countDropped(atMs: number, neverBegan: (client: number) => boolean): number {
    const shutForMs = this.#shutAtMs === undefined ? 0 : atMs - this.#shutAtMs;
    const shiftMs = this.#shiftMs + shutForMs;
    const dueMs = this.#arrivalsMs.map((ms, client) =>
      this.#arrived[client] === 1 ? ms : ms + shiftMs,
    );
    return countDropped(dueMs, atMs, neverBegan);
  }
}
