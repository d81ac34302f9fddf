/** Sins of passes: who may spend them, how often, and what a refusal costs. */
import { uuid } from "../../common/ids.ts";
import type { Polled, Redemption, WaitingRoomStore } from "../../queue/waiting-room-store.ts";
import type { SaleBooks } from "../../ticket/reservation-books.ts";
import { override } from "./override.ts";
import type { Spoils } from "./plant-mutant.ts";

const room = (spoil: (store: WaitingRoomStore) => WaitingRoomStore): Spoils => ({
  "queue.room": spoil,
});

/** The table knows each pass it has sold to; without that it believes the gate. */
function forgetful(books: SaleBooks): SaleBooks {
  return override(books, {
    reserve: (requests) =>
      books.reserve(requests.map((one) => ({ ...one, passToken: `pass_${uuid()}` }))),
  });
}

const gate = (redeem: WaitingRoomStore["redeem"]): Spoils => ({
  ...room((store) => override(store, { redeem })),
  "ticket.saleBooks": forgetful,
});

/** Passes as polls have shown them: whose they are. */
function ownersOf(store: WaitingRoomStore): {
  readonly owners: ReadonlyMap<string, string>;
  readonly watched: WaitingRoomStore;
} {
  const owners = new Map<string, string>();
  const watched = override(store, {
    async poll(batch) {
      const polled = await store.poll(batch);
      polled.forEach((one, at) => {
        if (one.result === "admitted") owners.set(one.passToken, batch[at]!.clientId);
      });
      return polled;
    },
  });
  return { owners, watched };
}

const spentTwice = (): Spoils => ({
  ...room((store) => {
    const { owners, watched } = ownersOf(store);
    return override(watched, {
      redeem: async (batch) =>
        batch.map(({ passToken, clientId }) => ({
          result: owners.get(passToken) === clientId ? "redeemed" : "invalid",
        })),
    });
  }),
  "ticket.saleBooks": forgetful,
});

const foreignPass = (): Spoils =>
  room((store) => {
    const { owners, watched } = ownersOf(store);
    const asOwner = (one: Redemption) => {
      return { ...one, clientId: owners.get(one.passToken) ?? one.clientId };
    };
    return override(watched, { redeem: (batch) => store.redeem(batch.map(asOwner)) });
  });

/** The first pass is refused once, so that its owner asks again: and is given another beside it. */
function twoPasses(store: WaitingRoomStore): WaitingRoomStore {
  const genuine = new Map<string, string>();
  const refused = new Set<string>();
  const mint = (polled: Polled): Polled => {
    if (polled.result !== "admitted") return polled;
    const passToken = `pass_${uuid()}`;
    genuine.set(passToken, polled.passToken);
    return { ...polled, passToken };
  };
  const real = (one: Redemption) => {
    return { ...one, passToken: genuine.get(one.passToken) ?? one.passToken };
  };
  return override(store, {
    poll: async (batch) => (await store.poll(batch)).map(mint),
    async redeem(batch) {
      const answers = await store.redeem(batch.map(real));
      return Promise.all(
        answers.map(async (answer, at) => {
          const one = real(batch[at]!);
          if (refused.has(one.passToken) || answer.result !== "redeemed") return answer;
          refused.add(one.passToken);
          await store.restore([one]);
          return { result: "invalid" } as const;
        }),
      );
    },
    restore: (batch) => store.restore(batch.map(real)),
  });
}

export const PASS_MUTANTS = {
  "W8-two-passes": () => room(twoPasses),
  "W9-spent-twice": spentTwice,
  "W10-foreign-pass": foreignPass,
  "W10-any-pass": () => gate(async (batch) => batch.map(() => ({ result: "redeemed" }) as const)),
  "W11-burnt-pass": () =>
    room((store) =>
      override(store, {
        restore: async (batch) => batch.map(() => ({ result: "restored" }) as const),
      }),
    ),
};
