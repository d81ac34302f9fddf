/**
 * What every store of waiting rooms must keep, whatever it is made of: one suite of tests for each
 * part of the contract. The sins in brackets are the ones that a test is there to find.
 */
import type { Settings } from "../../common/contracts/queue.ts";
import type { WaitingRoomStore } from "../waiting-room-store.ts";
import { drainingPromises } from "./draining.ts";
import { orderPromises } from "./order.ts";
import { passPromises } from "./passes.ts";
import { ratePromises } from "./rate.ts";
import { returningPromises } from "./returning.ts";
import { ticketPromises } from "./tickets.ts";

/** What a store under test begins with, unless a promise wants it otherwise. */
export const USUAL_SETTINGS: Settings = {
  permitsPerMinute: 100,
  passTtlSeconds: 300,
  paused: false,
  pacing: "smooth",
  draining: false,
};

export interface StoreOptions {
  /** Over the usual ones. */
  readonly settings?: Partial<Settings>;
  /** 1800 unless given. */
  readonly waitingTtlSeconds?: number;
  /** Many, unless given. */
  readonly mostWaiting?: number;
}

/** The clock the store goes by; one kept elsewhere is brought up to it before each call. */
export interface ControlledClock {
  now(): number;
  /** Negative: it steps back. */
  advance(ms: number): void;
}

export interface StoreUnderTest {
  readonly store: WaitingRoomStore;
  readonly clock: ControlledClock;
}

/** Opens an empty store that shares nothing with others that are open; the suite closes it. */
export type OpenStore = (options?: StoreOptions) => Promise<StoreUnderTest>;

/** Runs all suites; call it from a test file of the store's own. */
export function conformance(name: string, open: OpenStore): void {
  orderPromises(name, open);
  ticketPromises(name, open);
  ratePromises(name, open);
  passPromises(name, open);
  returningPromises(name, open);
  drainingPromises(name, open);
}
