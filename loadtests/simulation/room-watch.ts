/**
 * Watches a waiting room from outside: its window, its order among those present, its passes. Keeps
 * books of its own from what clients ask and are answered, and believes the room in nothing.
 */
import { WINDOW_MS } from "../../services/queue/admission.ts";
import { graceMs } from "../../services/queue/advice.ts";
import type {
  Admission,
  Joined,
  Polled,
  Redemption,
  WaitingRoomStore,
} from "../../services/queue/waiting-room-store.ts";
import type { Judge } from "./verdict.ts";
import type { Life, VirtualTime } from "./virtual-time.ts";

interface Waiting {
  sequence: number;
  lastSignMs: number;
  pollAfterSeconds: number;
}

export interface WatchedPass {
  readonly token: string;
  readonly clientId: string;
  readonly expiresAtMs: number;
  /** The key that has spent it. */
  spentBy: string | undefined;
}

export interface RoomPromises {
  readonly permitsPerMinute: number;
  /** Milliseconds since 1970 */
  readonly opensAtMs: number;
  readonly closesAtMs: number;
}

export class RoomWatch {
  readonly passes = new Map<string, WatchedPass>();
  /** When the reservation that was made with the pass was committed; undefined: none was. */
  boughtAtMs: (token: string) => number | undefined = () => undefined;
  /** Given back too late: their owners had another pass by then, and nobody holds two. */
  readonly superseded = new Set<string>();
  /** By pass, the process that last tried to give it back. */
  readonly givingBack = new Map<string, Life>();
  /** Requests for the pass were under way at the same time. */
  overlapped: (token: string) => boolean = () => false;
  /** When the ticket process last looked whether the pass had bought: it knew no more than that. */
  readonly askedAtMs = new WeakMap<object, number>();
  readonly #time: VirtualTime;
  readonly #promises: RoomPromises;
  readonly #judge: Judge;
  #waiting = new Map<string, Waiting>();
  #admissions: number[] = [];

  constructor(time: VirtualTime, promises: RoomPromises, judge: Judge) {
    this.#time = time;
    this.#promises = promises;
    this.#judge = judge;
  }

  /** The room's memory was lost; passes of before are worth nothing. */
  forget(): void {
    this.#waiting = new Map();
    this.#admissions = [];
    this.passes.clear();
  }

  /** The same store, watched. */
  watched(store: WaitingRoomStore): WaitingRoomStore {
    return {
      enqueue: async (batch) => {
        const answers = await store.enqueue(batch);
        for (const [at, { clientId }] of batch.entries()) this.#joined(clientId, answers[at]!);
        return answers;
      },
      poll: async (batch) => {
        const answers = await store.poll(batch);
        for (const [at, { clientId }] of batch.entries()) this.#polled(clientId, answers[at]!);
        return answers;
      },
      leave: async (batch) => {
        for (const { clientId } of batch) {
          this.#waiting.delete(clientId);
          for (const pass of this.passes.values()) {
            if (pass.clientId === clientId && !pass.spentBy) this.passes.delete(pass.token);
          }
        }
        return store.leave(batch);
      },
      redeem: async (batch) => {
        const answers = await store.redeem(batch);
        for (const [at, { passToken, clientId, redemptionKey }] of batch.entries()) {
          this.#redeemed(passToken, clientId, redemptionKey, answers[at]!.result);
        }
        return answers;
      },
      restore: async (batch) => {
        const answers = await store.restore(batch);
        for (const [at, redemption] of batch.entries()) {
          if (answers[at]!.result === "restored") this.#restored(redemption);
          else if (this.#hasLivePass(redemption.clientId))
            this.superseded.add(redemption.passToken);
        }
        return answers;
      },
      admit: async (eventId, sale) => this.#admitted(await store.admit(eventId, sale)),
      stats: (eventId) => store.stats(eventId),
      journal: (eventId, after, most) => store.journal(eventId, after, most),
      readSettings: (eventId) => store.readSettings(eventId),
      changeSettings: (eventId, change) => store.changeSettings(eventId, change),
      answers: () => store.answers(),
      close: () => store.close(),
    };
  }

  #joined(clientId: string, joined: Joined): void {
    if (joined.result !== "waiting") return;
    const before = this.#waiting.get(clientId);
    if (before && joined.sequence > before.sequence) {
      this.#judge.broken("order", `client ${clientId} joined again and lost its place`);
    }
    const { sequence, pollAfterSeconds } = joined;
    this.#waiting.set(clientId, { sequence, pollAfterSeconds, lastSignMs: this.#nowMs });
  }

  #polled(clientId: string, polled: Polled): void {
    const place = this.#waiting.get(clientId);
    if (!place) return;
    if (polled.result !== "waiting") {
      this.#waiting.delete(clientId);
      return;
    }
    place.lastSignMs = this.#nowMs;
    place.pollAfterSeconds = polled.pollAfterSeconds;
  }

  #admitted(admission: Admission): Admission {
    const { opensAtMs, closesAtMs, permitsPerMinute } = this.#promises;
    for (const { clientId, passToken, expiresAtMs } of admission.admitted) {
      const nowMs = this.#nowMs;
      if (nowMs < opensAtMs || nowMs >= closesAtMs) {
        this.#judge.broken("sale", `client ${clientId} has a pass outside the sale`);
      }
      this.#inOrder(clientId);
      if (this.#hasLivePass(clientId)) {
        this.#judge.broken("passes", `client ${clientId} has two unspent passes`);
      }
      this.passes.set(passToken, { token: passToken, clientId, expiresAtMs, spentBy: undefined });
      this.#admissions.push(nowMs);
      const oldest = this.#admissions.at(-1 - permitsPerMinute);
      if (oldest !== undefined && nowMs - oldest <= WINDOW_MS) {
        const within = `${nowMs - oldest} ms`;
        this.#judge.broken("window", `${permitsPerMinute + 1} admissions within ${within}`);
      }
    }
    return admission;
  }

  #hasLivePass(clientId: string): boolean {
    for (const pass of this.passes.values()) {
      if (pass.clientId !== clientId || pass.spentBy !== undefined) continue;
      if (pass.expiresAtMs > this.#nowMs) return true;
    }
    return false;
  }

  /** Nobody who is there stood before the one who is admitted, who is there as well. */
  #inOrder(clientId: string): void {
    const admitted = this.#waiting.get(clientId);
    if (!admitted) return;
    this.#waiting.delete(clientId);
    if (!this.#isThere(admitted)) {
      this.#judge.broken("order", `client ${clientId} was admitted, and has long been silent`);
    }
    for (const [other, place] of this.#waiting) {
      if (place.sequence < admitted.sequence && this.#isThere(place)) {
        this.#judge.broken("order", `client ${clientId} was admitted before client ${other}`);
      }
    }
  }

  #isThere({ lastSignMs, pollAfterSeconds }: Waiting): boolean {
    return this.#nowMs - lastSignMs <= graceMs(pollAfterSeconds);
  }

  #redeemed(token: string, clientId: string, key: string, result: string): void {
    if (result === "invalid") return;
    const pass = this.passes.get(token);
    if (pass?.clientId !== clientId) {
      this.#judge.broken("passes", `a pass opened for client ${clientId}, whose it is not`);
      return;
    }
    if (pass.spentBy !== undefined && pass.spentBy !== key) {
      this.#judge.broken("passes", `${token} was spent by ${pass.spentBy} and again by ${key}`);
    }
    if (pass.spentBy === undefined && pass.expiresAtMs <= this.#nowMs) {
      this.#judge.broken("passes", `${token} opened after its time`);
    }
    pass.spentBy = key;
  }

  /**
   * A question that was long on its way may come after a repetition by the same key has bought: that
   * pass opens nothing any more, the ticket database knows it. Asking for it then would be a defect.
   */
  #restored(redemption: Redemption): void {
    const { passToken: token, clientId } = redemption;
    const pass = this.passes.get(token);
    const boughtAtMs = this.boughtAtMs(token) ?? Number.POSITIVE_INFINITY;
    const askedAtMs = this.askedAtMs.get(redemption) ?? this.#time.nowMs;
    if (askedAtMs > boughtAtMs && !this.overlapped(token)) {
      this.#judge.broken("passes", `${token} has bought and was given back to client ${clientId}`);
    }
    if (pass) pass.spentBy = undefined;
    this.#waiting.delete(clientId);
  }

  get #nowMs(): number {
    return this.#time.epochMs;
  }
}
