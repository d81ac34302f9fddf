/** Defects of the waiting room. */
import type { WaitingRoomStore } from "../../services/queue/waiting-room-store.ts";
import type { Defect } from "./defects.ts";

/** A store that does all that the honest one does, but for some things. */
function storeWith(
  change: (store: WaitingRoomStore) => Partial<WaitingRoomStore>,
): NonNullable<Defect["store"]> {
  return (store) => {
    const honest: WaitingRoomStore = {
      enqueue: (batch) => store.enqueue(batch),
      poll: (batch) => store.poll(batch),
      leave: (batch) => store.leave(batch),
      redeem: (batch) => store.redeem(batch),
      restore: (batch) => store.restore(batch),
      admit: (eventId, sale) => store.admit(eventId, sale),
      stats: (eventId) => store.stats(eventId),
      journal: (eventId, after, most) => store.journal(eventId, after, most),
      readSettings: (eventId) => store.readSettings(eventId),
      changeSettings: (eventId, settings) => store.changeSettings(eventId, settings),
      answers: () => store.answers(),
      close: () => store.close(),
    };
    return { ...honest, ...change(store) };
  };
}

export const ROOM_MUTANTS: Readonly<Record<string, Defect>> = {
  "the window admits one too many": {
    settings: ({ permitsPerMinute }) => ({ permitsPerMinute: permitsPerMinute + 1 }),
  },
  "nobody is ever held back": { settings: () => ({ permitsPerMinute: 60_000 }) },
  "joining again moves to the back": {
    store: storeWith((store) => ({
      async enqueue(batch) {
        await store.leave(batch);
        return store.enqueue(batch);
      },
    })),
  },
  "the absent use up permits": {
    store: (store, life, world) => {
      const there = new Set<string>();
      // Signs of life that no client gave.
      const beat = () => {
        const habit = { longestSeconds: 30, factor: 1 };
        const polls = [...there].map((clientId) => ({
          ...{ eventId: world.eventId, clientId, habit, opensAtMs: undefined },
        }));
        void store.poll(polls);
        world.time.after(life, 1_000, beat);
      };
      world.time.after(life, 1_000, beat);
      return storeWith(() => ({
        enqueue(batch) {
          for (const { clientId } of batch) there.add(clientId);
          return store.enqueue(batch);
        },
      }))(store, life, world);
    },
  },
  "a pass opens twice": {
    store: storeWith(() => ({
      redeem: async (batch) => batch.map(() => ({ result: "redeemed" }) as const),
    })),
  },
  "a pass opens for anybody": {
    store: (store, life, world) =>
      storeWith(() => ({
        redeem: (batch) =>
          store.redeem(
            batch.map((one) => {
              const owner = world.room.passes.get(one.passToken)?.clientId;
              return { ...one, clientId: owner ?? one.clientId };
            }),
          ),
      }))(store, life, world),
  },
  "a spent pass comes alive when its owner joins again": {
    store: (store, life, world) =>
      storeWith(() => ({
        async enqueue(batch) {
          for (const { clientId, eventId } of batch) {
            const passes = [...world.room.passes.values()];
            const spent = passes.find((one) => one.clientId === clientId && one.spentBy);
            if (!spent?.spentBy) continue;
            const redemption = { eventId, clientId, passToken: spent.token };
            await store.restore([{ ...redemption, redemptionKey: spent.spentBy }]);
          }
          return store.enqueue(batch);
        },
      }))(store, life, world),
  },
  "passes are issued before the sale": { sale: { saleStartAt: "2020-01-01T00:00:00.000Z" } },
};
