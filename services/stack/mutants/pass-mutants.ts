/** Sins of passes: who may spend them, how often, and what a refusal costs. */
import { uuid } from "../../common/ids.ts";
import type { InLine, statusOf } from "../../queue/replies.ts";
import type {
  ClientRef,
  Polled,
  Redemption,
  WaitingRoomStore,
} from "../../queue/waiting-room-store.ts";
import type { SaleBooks } from "../../ticket/reservation-books.ts";
import { override } from "./override.ts";
import type { Spoils } from "./plant-mutant.ts";
import { room } from "./waiting.ts";

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
  readonly ownerOf: (passToken: string) => ClientRef | undefined;
  readonly owns: (one: Redemption) => boolean;
  readonly watched: WaitingRoomStore;
} {
  const owners = new Map<string, ClientRef>();
  const watched = override(store, {
    async poll(batch) {
      const polled = await store.poll(batch);
      polled.forEach((one, at) => {
        if (one.result === "admitted") owners.set(one.passToken, batch[at]!);
      });
      return polled;
    },
  });
  const ownerOf = (passToken: string) => owners.get(passToken);
  const owns = ({ passToken, eventId, clientId }: Redemption) => {
    const owner = ownerOf(passToken);
    return owner?.eventId === eventId && owner.clientId === clientId;
  };
  return { ownerOf, owns, watched };
}

const spentTwice = (): Spoils => ({
  ...room((store) => {
    const { owns, watched } = ownersOf(store);
    return override(watched, {
      redeem: async (batch) =>
        batch.map((one) => ({ result: owns(one) ? "redeemed" : "invalid" }) as const),
    });
  }),
  "ticket.saleBooks": forgetful,
});

const foreignPass = (): Spoils =>
  room((store) => {
    const { ownerOf, watched } = ownersOf(store);
    const asOwner = (one: Redemption) => {
      return { ...one, clientId: ownerOf(one.passToken)?.clientId ?? one.clientId };
    };
    return override(watched, { redeem: (batch) => store.redeem(batch.map(asOwner)) });
  });

/** Whoever owned it may spend it once, however late it is. */
function latePass(store: WaitingRoomStore): WaitingRoomStore {
  const { owns, watched } = ownersOf(store);
  const spent = new Set<string>();
  return override(watched, {
    async redeem(batch) {
      const answers = await store.redeem(batch);
      return answers.map((answer, at) => {
        const { passToken } = batch[at]!;
        const opens = answer.result === "invalid" && owns(batch[at]!) && !spent.has(passToken);
        if (opens || answer.result === "redeemed") spent.add(passToken);
        return opens ? ({ result: "redeemed" } as const) : answer;
      });
    },
    restore(batch) {
      for (const { passToken } of batch) spent.delete(passToken);
      return store.restore(batch);
    },
  });
}

/** The sale that a pass was issued for is looked up, and not compared with the one it is shown at. */
function otherSale(store: WaitingRoomStore): WaitingRoomStore {
  const { ownerOf, watched } = ownersOf(store);
  const atHome = (one: Redemption) => {
    return { ...one, eventId: ownerOf(one.passToken)?.eventId ?? one.eventId };
  };
  return override(watched, {
    redeem: (batch) => store.redeem(batch.map(atHome)),
    restore: (batch) => store.restore(batch.map(atHome)),
  });
}

const noEnd: Spoils = {
  "queue.status": (honest: typeof statusOf) => (polled: InLine) => {
    return { ...honest(polled), passExpiresAt: null };
  },
};

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
  "W8-no-end": () => noEnd,
  "W9-spent-twice": spentTwice,
  "W10-late-pass": () => room(latePass),
  "W10-other-sale": () => room(otherSale),
  "W10-foreign-pass": foreignPass,
  "W10-any-pass": () => gate(async (batch) => batch.map(() => ({ result: "redeemed" }) as const)),
  "W11-burnt-pass": () =>
    room((store) =>
      override(store, {
        restore: async (batch) => batch.map(() => ({ result: "restored" }) as const),
      }),
    ),
};
