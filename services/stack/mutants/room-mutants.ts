/** Sins of the line: the rate, who is served, and in which order. */
import { systemClock } from "../../common/clock.ts";
import type { Joining, WaitingRoomStore } from "../../queue/waiting-room-store.ts";
import { override } from "./override.ts";
import type { Spoils } from "./plant-mutant.ts";

const room = (spoil: (store: WaitingRoomStore) => WaitingRoomStore): Spoils => ({
  "queue.room": spoil,
});

/** What an administrator sets is told back, and something else is done. */
function rate(done: (told: number) => number): Spoils {
  return room((store) =>
    override(store, {
      async changeSettings(eventId, change) {
        const { permitsPerMinute } = change;
        if (permitsPerMinute === undefined) return store.changeSettings(eventId, change);
        const kept = { ...change, permitsPerMinute: done(permitsPerMinute) };
        return { ...(await store.changeSettings(eventId, kept)), permitsPerMinute };
      },
    }),
  );
}

/** After the first admission the minute's edge comes so soon. */
const EDGE_MS = 1_500;

function doubleBurst(store: WaitingRoomStore): WaitingRoomStore {
  const edges = new Map<number, number>();
  return override(store, {
    async admit(eventId, sale) {
      const edge = edges.get(eventId);
      if (edge !== undefined && systemClock.now() >= edge) {
        edges.set(eventId, Infinity);
        const { permitsPerMinute } = await store.readSettings(eventId);
        await store.changeSettings(eventId, { permitsPerMinute: permitsPerMinute * 2 });
      }
      const admission = await store.admit(eventId, sale);
      if (edge === undefined && admission.admitted.length > 0) {
        edges.set(eventId, systemClock.now() + EDGE_MS);
      }
      return admission;
    },
  });
}

/** Who waits, as the mutants themselves keep it: client ids by event, earliest first. */
class Waiting {
  readonly #lines = new Map<number, Map<string, Joining>>();

  of(eventId: number): Map<string, Joining> {
    const line = this.#lines.get(eventId) ?? new Map<string, Joining>();
    this.#lines.set(eventId, line);
    return line;
  }

  /** A store that tells of who comes and goes. */
  watch(store: WaitingRoomStore): WaitingRoomStore {
    return override(store, {
      enqueue: async (batch) => {
        const joined = await store.enqueue(batch);
        batch.forEach((joining, at) => {
          const line = this.of(joining.eventId);
          if (joined[at]?.result === "waiting" && !line.has(joining.clientId)) {
            line.set(joining.clientId, joining);
          }
        });
        return joined;
      },
      leave: (batch) => {
        for (const { eventId, clientId } of batch) this.of(eventId).delete(clientId);
        return store.leave(batch);
      },
      admit: async (eventId, sale) => {
        const admission = await store.admit(eventId, sale);
        for (const { clientId } of admission.admitted) this.of(eventId).delete(clientId);
        return admission;
      },
    });
  }
}

const AGAIN_MS = 100;

function headOnly(store: WaitingRoomStore): WaitingRoomStore {
  const waiting = new Waiting();
  const watched = waiting.watch(store);
  const polled = new Set<string>();
  return override(watched, {
    poll(batch) {
      for (const { eventId, clientId } of batch) polled.add(`${eventId} ${clientId}`);
      return watched.poll(batch);
    },
    async admit(eventId, sale) {
      const line = waiting.of(eventId);
      const [head] = line.keys();
      if (head !== undefined && !polled.delete(`${eventId} ${head}`)) {
        return { admitted: [], elsewhere: [], waiting: line.size, lookAgainMs: AGAIN_MS };
      }
      return watched.admit(eventId, sale);
    },
  });
}

const BEAT_MS = 1_000;
/** So many were in line before the first, and are long gone. */
const GONE = 300;

/** Whoever has left without a word keeps its place, by signs of life that no client gave. */
function absentServed(store: WaitingRoomStore): WaitingRoomStore {
  const waiting = new Waiting();
  const watched = waiting.watch(store);
  const events = new Set<number>();
  const beat = setInterval(() => {
    for (const eventId of events) {
      const polls = [...waiting.of(eventId).values()].map(({ clientId, habit }) => {
        return { eventId, clientId, habit, opensAtMs: undefined };
      });
      void store.poll(polls);
    }
  }, BEAT_MS);
  beat.unref();
  return override(watched, {
    async enqueue(batch) {
      for (const first of batch) {
        if (events.has(first.eventId)) continue;
        events.add(first.eventId);
        const gone = Array.from({ length: GONE }, (_, at) => `gone-${at}`);
        const before = gone.map((clientId) => ({ ...first, clientId, formerly: undefined }));
        await watched.enqueue(before);
      }
      return watched.enqueue(batch);
    },
  });
}

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

function byName(store: WaitingRoomStore): WaitingRoomStore {
  const waiting = new Waiting();
  const watched = waiting.watch(store);
  return override(watched, {
    async admit(eventId, sale) {
      const line = [...waiting.of(eventId).values()];
      const sorted = line.toSorted((a, b) => (a.clientId < b.clientId ? -1 : 1));
      if (line.some((joining, at) => joining !== sorted[at])) {
        await watched.leave(sorted);
        await watched.enqueue(sorted);
      }
      return watched.admit(eventId, sale);
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

export const ROOM_MUTANTS = {
  "W1-no-limit": () => rate(() => 60_000),
  "W2-double-burst": () => room(doubleBurst),
  "W2-one-too-many": () => rate((told) => told + 1),
  "W3-head-only": () => room(headOnly),
  "W4-absent-eat-permits": () => room(absentServed),
  "W5-join-twice": () => room(joinTwice),
  "W5-poll-is-a-join": () => room(pollIsJoin),
  "W6-order-by-name": () => room(byName),
  "W7-place-expires": () => room(placeExpires),
};
