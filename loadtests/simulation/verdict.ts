/** The promises of a run, and the one that it has broken. */
import type { VirtualTime } from "./virtual-time.ts";

export const PROMISES = [
  "stock",
  "limit",
  "one reservation",
  "same answer",
  "durable answer",
  "money",
  "one capture",
  "ends",
  "inbox",
  "outbox",
  "window",
  "order",
  "passes",
  "sale",
  "access",
  "defect",
] as const;
export type Promised = (typeof PROMISES)[number];

export interface Breach {
  readonly promise: Promised;
  readonly what: string;
  readonly atMs: number;
}

/** Keeps the first promise that was broken; the run ends with it. */
export class Judge {
  breach: Breach | undefined;
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  broken(promise: Promised, what: string): void {
    this.breach ??= { promise, what, atMs: this.#time.nowMs };
    this.#time.stop();
  }
}
