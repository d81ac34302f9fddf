/** The store in Redis answers, move by move, what the one in memory does. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SettingsChange } from "../../common/contracts/queue.ts";
import type { Sale } from "../admission.ts";
import { habitOf } from "../advice.ts";
import type { StoreOptions } from "../conformance/conformance.ts";
import { MemoryWaitingRoom } from "../memory/memory-waiting-room.ts";
import { startRedisStage } from "../testing/redis-stage.ts";
import type { Joined, PlaceInLine, Polled, WaitingRoomStore } from "../waiting-room-store.ts";

const EVENT = 3;
const LEAD_MS = 600_000;
const SETTINGS = {
  permitsPerMinute: 5,
  passTtlSeconds: 300,
  paused: false,
  pacing: "smooth",
  draining: false,
} as const;

const client = fc.nat(14).map((id) => `c${id}`);
const clients = fc.array(client, { minLength: 1, maxLength: 6 });
const change: fc.Arbitrary<SettingsChange> = fc.oneof(
  fc.record({ permitsPerMinute: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ paused: fc.boolean() }),
  fc.record({ pacing: fc.constantFrom("smooth" as const, "burst" as const) }),
  fc.record({ draining: fc.boolean() }),
  fc.record({ passTtlSeconds: fc.integer({ min: 5, max: 600 }) }),
);
const time = fc.oneof(
  // Where rules change: graces, windows, the ends of passes and of waiting.
  fc.constantFrom(7_000, 7_001, 60_000, 60_001, 300_000, 1_799_999, 1_800_000),
  fc.nat(50),
  fc.nat(2_000),
  fc.nat(20_000),
  fc.nat(130_000),
  fc.nat(2_000_000),
  fc.integer({ min: -90_000, max: -1 }),
);
/** `ticket`: how many joins ago the place was given that the client shows; from: by another room. */
const move = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant("join" as const), clients }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("return" as const),
      client,
      ticket: fc.nat(8),
      foreign: fc.boolean(),
      onlyBack: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant("poll" as const), clients }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("leave" as const), clients }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("spend" as const),
      pass: fc.nat(5),
      by: fc.option(client, { nil: undefined }),
      key: fc.nat(2),
      giveBack: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.record({ what: fc.constant("time" as const), ms: time }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("settings" as const), change }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant("admit" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant("cancel" as const), cancelled: fc.boolean() }),
  },
);
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

/** One store and what a test has to carry from move to move; tokens and epochs become ordinals. */
class Side {
  readonly #store: WaitingRoomStore;
  readonly #tokens: { readonly clientId: string; readonly token: string }[] = [];
  readonly #places = new Map<string, PlaceInLine[]>();

  constructor(store: WaitingRoomStore) {
    this.#store = store;
  }

  async play(move: Move, sale: Sale): Promise<unknown> {
    const of = (clientId: string) => ({ eventId: EVENT, clientId });
    const joining = (clientId: string) => {
      return { ...of(clientId), habit: habitOf(EVENT, clientId), sale, joinLeadMs: LEAD_MS };
    };
    switch (move.what) {
      case "join":
        return this.#joined(move.clients, await this.#store.enqueue(move.clients.map(joining)));
      case "return": {
        const place = this.#places.get(move.client)?.at(-1 - move.ticket);
        const formerly = place && move.foreign ? { ...place, epoch: "elsewhere" } : place;
        const one = { ...joining(move.client), formerly, onlyBack: move.onlyBack };
        return this.#joined([move.client], await this.#store.enqueue([one]));
      }
      case "poll": {
        const { opensAtMs } = sale;
        const polls = move.clients.map((clientId) => {
          return { ...of(clientId), habit: habitOf(EVENT, clientId), opensAtMs };
        });
        return (await this.#store.poll(polls)).map((one) => this.#named(one));
      }
      case "leave":
        return this.#store.leave(move.clients.map(of));
      case "spend":
        return this.#spend(move);
      case "settings":
        return this.#store.changeSettings(EVENT, move.change);
      case "admit": {
        const admission = await this.#store.admit(EVENT, sale);
        for (const { clientId, passToken } of admission.admitted) {
          this.#tokens.push({ clientId, token: passToken });
        }
        return { ...admission, admitted: admission.admitted.map((one) => this.#named(one)) };
      }
      case "time":
      case "cancel":
        return undefined;
    }
  }

  async ends() {
    const journal = await this.#store.journal(EVENT, 0, 1_000);
    return [await this.#store.stats(EVENT), await this.#store.readSettings(EVENT), journal];
  }

  async #spend({ pass, by, key, giveBack }: Extract<Move, { what: "spend" }>) {
    const { clientId, token } = this.#tokens.at(-1 - pass) ?? { clientId: "c0", token: "pass_no" };
    const redemptionKey = `key${key}`;
    const asked = { eventId: EVENT, clientId: by ?? clientId, passToken: token, redemptionKey };
    const redeemed = await this.#store.redeem([asked]);
    return [redeemed, giveBack ? await this.#store.restore([asked]) : undefined];
  }

  #joined(clientIds: readonly string[], answers: readonly Joined[]) {
    return answers.map((answer, at) => {
      if (!("epoch" in answer)) return answer;
      const { sequence, joinedAtMs, epoch } = answer;
      const known = this.#places.get(clientIds[at]!) ?? [];
      this.#places.set(clientIds[at]!, [...known, { sequence, joinedAtMs, epoch }]);
      return { ...this.#named(answer), epoch: "" };
    });
  }

  /** A token by the order in which tokens were issued. */
  #named<T extends Joined | Polled | { readonly passToken: string }>(answer: T): T {
    if (!("passToken" in answer)) return answer;
    const at = this.#tokens.findIndex(({ token }) => token === answer.passToken);
    return { ...answer, passToken: `pass ${at}` };
  }
}

const stage = await startRedisStage();
const test = suite("on Redis: as the model");

async function compare(moves: readonly Move[], options: StoreOptions): Promise<void> {
  const { store: redis, clock } = await stage.openEmpty(options);
  const memory = new MemoryWaitingRoom({
    clock,
    ...{ settings: { ...SETTINGS, ...options.settings }, waitingTtlSeconds: 1_800 },
    ...(options.mostWaiting === undefined ? {} : { mostWaiting: options.mostWaiting }),
  });
  const sides = [new Side(memory), new Side(redis)] as const;
  const startMs = clock.now();
  let sale: Sale = { opensAtMs: startMs + 30_000, closesAtMs: startMs + 9e6, cancelled: false };
  try {
    for (const [at, move] of moves.entries()) {
      if (move.what === "time") clock.advance(move.ms);
      if (move.what === "cancel") sale = { ...sale, cancelled: move.cancelled };
      const [expected, answered] = [
        await sides[0].play(move, sale),
        await sides[1].play(move, sale),
      ];
      assert.equal(answered, expected, `move ${at}: ${JSON.stringify(move)}`);
    }
    assert.equal(await sides[1].ends(), await sides[0].ends());
  } finally {
    await redis.close();
  }
}

test("whatever clients, operators and clocks do, it answers as the one in memory", async () => {
  const few = { settings: { permitsPerMinute: 5 } };
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 120 }), (moves) => compare(moves, few)),
    { numRuns: 1_000 },
  );
});

test("also in a room that is soon full", async () => {
  const small = { settings: { permitsPerMinute: 20 }, mostWaiting: 4 };
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 100 }), (moves) => compare(moves, small)),
    { numRuns: 400 },
  );
});

test.after(() => stage.stop());
test.run();
