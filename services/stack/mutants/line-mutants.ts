/** Sins of the line: in which order it is served, and who loses the place in it. */
import { systemClock } from "../../common/clock.ts";
import type { Joining, WaitingRoomStore } from "../../queue/waiting-room-store.ts";
import { override } from "./override.ts";
import { room, Waiting } from "./waiting.ts";

const LATE_MS = 1_200;

/** The second of two joins writes late: by then it is a new place. */
function joinTwice(store: WaitingRoomStore): WaitingRoomStore {
  const waiting = new Waiting();
  const watched = waiting.watch(store);
  return override(watched, {
    async enqueue(batch) {
      const again = batch.filter((one) => waiting.of(one.eventId).has(one.clientId));
      for (const joining of again) {
        const move = async () => {
          if (!waiting.of(joining.eventId).has(joining.clientId)) return;
          await watched.leave([joining]);
          await watched.enqueue([joining]);
        };
        setTimeout(() => void move(), LATE_MS).unref();
      }
      return watched.enqueue(batch);
    },
  });
}

function pollIsJoin(store: WaitingRoomStore): WaitingRoomStore {
  const waiting = new Waiting();
  const watched = waiting.watch(store);
  return override(watched, {
    async poll(batch) {
      for (const { eventId, clientId } of batch) {
        const joining = waiting.of(eventId).get(clientId);
        if (!joining) continue;
        await watched.leave([joining]);
        await watched.enqueue([joining]);
      }
      return watched.poll(batch);
    },
  });
}

type Order = (a: Joining, b: Joining) => number;

/** Before each admission the whole line is put into another order. */
function orderedBy(order: Order, store: WaitingRoomStore): WaitingRoomStore {
  const waiting = new Waiting();
  const watched = waiting.watch(store);
  return override(watched, {
    async admit(eventId, sale) {
      const line = [...waiting.of(eventId).values()];
      const sorted = line.toSorted(order);
      if (line.some((joining, at) => joining !== sorted[at])) {
        await watched.leave(sorted);
        await watched.enqueue(sorted);
      }
      return watched.admit(eventId, sale);
    },
  });
}

const byName: Order = (a, b) => (a.clientId < b.clientId ? -1 : 1);

const CLOCK_LATE_MS = 3_000;

/** Every second client joins at the server whose clock is late. */
function twoClocks(store: WaitingRoomStore): WaitingRoomStore {
  const joinedAt = new Map<string, number>();
  const watched = override(store, {
    enqueue(batch) {
      for (const { eventId, clientId } of batch) {
        const late = joinedAt.size % 2 === 1 ? CLOCK_LATE_MS : 0;
        const name = `${eventId} ${clientId}`;
        if (!joinedAt.has(name)) joinedAt.set(name, systemClock.now() - late);
      }
      return store.enqueue(batch);
    },
  });
  const at = ({ eventId, clientId }: Joining) => joinedAt.get(`${eventId} ${clientId}`) ?? 0;
  return orderedBy((a, b) => at(a) - at(b), watched);
}

/** Whoever has been served is given a place that is none. */
function neverAgain(store: WaitingRoomStore): WaitingRoomStore {
  const served = new Set<string>();
  return override(store, {
    async admit(eventId, sale) {
      const admission = await store.admit(eventId, sale);
      for (const { clientId } of admission.admitted) served.add(`${eventId} ${clientId}`);
      return admission;
    },
    async enqueue(batch) {
      const joined = await store.enqueue(batch);
      const again = batch.filter(({ eventId, clientId }, at) => {
        return joined[at]?.result === "waiting" && served.has(`${eventId} ${clientId}`);
      });
      if (again.length > 0) await store.leave(again);
      return joined;
    },
  });
}

/** After the first admission the store loses everything so soon. */
const LOST_AFTER_MS = 2_000;

function lostLine(store: WaitingRoomStore): WaitingRoomStore {
  const waiting = new Waiting();
  const watched = waiting.watch(store);
  const begun = new Map<number, number>();
  return override(watched, {
    async admit(eventId, sale) {
      const beganMs = begun.get(eventId) ?? Infinity;
      if (systemClock.now() - beganMs > LOST_AFTER_MS) {
        begun.set(eventId, Infinity);
        await watched.leave([...waiting.of(eventId).values()]);
      }
      const admission = await watched.admit(eventId, sale);
      if (!begun.has(eventId) && admission.admitted.length > 0) {
        begun.set(eventId, systemClock.now());
      }
      return admission;
    },
  });
}

const PLACE_LIVES_MS = 2_000;

function placeExpires(store: WaitingRoomStore): WaitingRoomStore {
  const waiting = new Waiting();
  const watched = waiting.watch(store);
  const joinedAt = new WeakMap<Joining, number>();
  return override(watched, {
    async poll(batch) {
      for (const { eventId, clientId } of batch) {
        const joining = waiting.of(eventId).get(clientId);
        if (!joining) continue;
        const since = joinedAt.get(joining) ?? systemClock.now();
        joinedAt.set(joining, since);
        if (systemClock.now() - since > PLACE_LIVES_MS) await watched.leave([joining]);
      }
      return watched.poll(batch);
    },
  });
}

export const LINE_MUTANTS = {
  "W5-join-twice": () => room(joinTwice),
  "W5-poll-is-a-join": () => room(pollIsJoin),
  "W6-order-by-name": () => room((store) => orderedBy(byName, store)),
  "W6-two-clocks": () => room(twoClocks),
  "W7-never-again": () => room(neverAgain),
  "W7-place-expires": () => room(placeExpires),
  "R1-lost-line": () => room(lostLine),
};
