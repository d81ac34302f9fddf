/** Sins of the gate: the rate, and who is let in at all. */
import { systemClock } from "../../common/clock.ts";
import type { WaitingRoomStore } from "../../queue/waiting-room-store.ts";
import { override } from "./override.ts";
import type { Spoils } from "./plant-mutant.ts";
import { room, Waiting } from "./waiting.ts";

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

const MINUTE_MS = 60_000;

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
const GONE = 150;

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

export const ROOM_MUTANTS = {
  "W1-no-limit": () => rate(() => 60_000),
  "W2-double-burst": () => room(doubleBurst),
  "W2-since-1970": () => rate((told) => told * Math.floor(systemClock.now() / MINUTE_MS)),
  "W2-one-too-many": () => rate((told) => told + 1),
  "W3-head-only": () => room(headOnly),
  "W4-absent-eat-permits": () => room(absentServed),
};
