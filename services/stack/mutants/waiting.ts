/** Who waits, as mutants keep it beside the store that they spoil. */
import type { Joining, WaitingRoomStore } from "../../queue/waiting-room-store.ts";
import { override } from "./override.ts";
import type { Spoils } from "./plant-mutant.ts";

export const room = (spoil: (store: WaitingRoomStore) => WaitingRoomStore): Spoils => ({
  "queue.room": spoil,
});

/** Client ids by event, earliest first. */
export class Waiting {
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
