/** A sale, a store and some clients: the words in which the conformance suites are written. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sale } from "../admission.ts";
import { habitOf } from "../advice.ts";
import type {
  Admitted,
  Joined,
  PlaceInLine,
  Polled,
  WaitingRoomStore,
} from "../waiting-room-store.ts";
import type { ControlledClock, OpenStore, StoreOptions } from "./conformance.ts";

export const EVENT = 7;
const LEAD_MS = 3_600_000;

export type InLine = Extract<Joined, { result: "waiting" }>;
export type WithPass = Extract<Polled, { result: "admitted" }>;

export class Scene {
  readonly store: WaitingRoomStore;
  readonly clock: ControlledClock;
  sale: Sale;

  constructor(store: WaitingRoomStore, clock: ControlledClock) {
    this.store = store;
    this.clock = clock;
    const now = clock.now();
    this.sale = { opensAtMs: now, closesAtMs: now + 864_000_000, cancelled: false };
  }

  async join(clientId: string, formerly?: PlaceInLine, eventId = EVENT): Promise<Joined> {
    const [joined] = await this.store.enqueue([this.joining(clientId, formerly, eventId)]);
    return joined!;
  }

  /** The position it is told, or else the answer, or why it is not let in. */
  async comes(clientId: string, formerly?: PlaceInLine): Promise<number | string> {
    const joined = await this.join(clientId, formerly);
    if (joined.result === "waiting") return joined.position;
    return joined.result === "closed" ? joined.because : joined.result;
  }

  joining(clientId: string, formerly?: PlaceInLine, eventId = EVENT) {
    const habit = habitOf(eventId, clientId);
    return { eventId, clientId, habit, sale: this.sale, joinLeadMs: LEAD_MS, formerly };
  }

  /** Joins one after the other; fails unless all wait. */
  async line(...clientIds: string[]): Promise<InLine[]> {
    const places: InLine[] = [];
    for (const clientId of clientIds) {
      const joined = await this.join(clientId);
      assert.is(joined.result, "waiting");
      places.push(joined as InLine);
    }
    return places;
  }

  async poll(clientId: string, eventId = EVENT): Promise<Polled> {
    const [polled] = await this.store.poll([this.polling(clientId, eventId)]);
    return polled!;
  }

  polling(clientId: string, eventId = EVENT) {
    const habit = habitOf(eventId, clientId);
    return { eventId, clientId, habit, opensAtMs: this.sale.opensAtMs };
  }

  async position(clientId: string): Promise<number | string> {
    const polled = await this.poll(clientId);
    return polled.result === "waiting" ? polled.position : polled.result;
  }

  async leave(clientId: string) {
    return (await this.store.leave([{ eventId: EVENT, clientId }]))[0]!.result;
  }

  async redeem(clientId: string, passToken: string, redemptionKey: string, eventId = EVENT) {
    const asked = { eventId, clientId, passToken, redemptionKey };
    return (await this.store.redeem([asked]))[0]!.result;
  }

  async restore(clientId: string, passToken: string, redemptionKey: string) {
    const asked = { eventId: EVENT, clientId, passToken, redemptionKey };
    return (await this.store.restore([asked]))[0]!.result;
  }

  async admit(eventId = EVENT): Promise<readonly Admitted[]> {
    return (await this.store.admit(eventId, this.sale)).admitted;
  }

  /** Looks at each step for so long, the named clients polling at each. Returns who was admitted. */
  async run(ms: number, stepMs: number, polling: readonly string[] = []): Promise<Admitted[]> {
    const all: Admitted[] = [];
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(stepMs);
      await this.store.poll(polling.map((clientId) => this.polling(clientId)));
      all.push(...(await this.admit()));
    }
    return all;
  }

  /** A client in line alone gets its pass. */
  async passFor(clientId: string): Promise<WithPass> {
    await this.join(clientId);
    for (let look = 0; look < 1_000; look++) {
      await this.admit();
      const polled = await this.poll(clientId);
      if (polled.result === "admitted") return polled;
      this.clock.advance(100);
    }
    throw new Error(`${clientId} got no pass`);
  }
}

/** Opens a scene for each test, and closes its store whatever happens. */
export async function inScene(
  open: OpenStore,
  options: StoreOptions | undefined,
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  const { store, clock } = await open(options);
  try {
    await body(new Scene(store, clock));
  } finally {
    await store.close();
  }
}

/** Places of a store that is gone; the scene, in which nobody has joined yet, is a second later. */
export type Lose = (scene: Scene, ...clientIds: string[]) => Promise<InLine[]>;

export function losing(open: OpenStore): Lose {
  return async (scene, ...clientIds) => {
    const lost: InLine[] = [];
    await inScene(open, { settings: { paused: true } }, async (before) => {
      lost.push(...(await before.line(...clientIds)));
      scene.clock.advance(Math.max(0, before.clock.now() + 1_000 - scene.clock.now()));
    });
    return lost;
  };
}

/** What a client that comes back has to be given again. */
export function numbersOf({ sequence, joinedAtMs }: PlaceInLine) {
  return { sequence, joinedAtMs };
}

export function names(count: number, prefix = "client"): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** One promise of a store: what it says, and the scene that shows it. */
export type Promised = (
  words: string,
  body: (scene: Scene) => Promise<void>,
  options?: StoreOptions,
) => void;

/** Runs the promises of some parts as one suite, each in a scene of its own. */
export function runPromises(
  title: string,
  open: OpenStore,
  parts: readonly ((promise: Promised) => void)[],
): void {
  const test = suite(title);
  for (const part of parts) {
    part((words, body, options) => test(words, () => inScene(open, options, body)));
  }
  test.run();
}
