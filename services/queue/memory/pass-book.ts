/** The passes of one event: live, spent and remembered, over and forgotten. */
import type { RedeemAnswer } from "../../common/contracts/queue.ts";
import type { IssuedPass, PlaceNumber, Restored } from "../waiting-room-store.ts";
import { DeadlineHeap, type Timed } from "./deadline-heap.ts";

export interface Pass extends IssuedPass, PlaceNumber, Timed {
  readonly clientId: string;
  readonly ttlMs: number;
  spentBy: string | undefined;
}

/** Every method takes the time and is exact at it; times never go back. */
export class PassBook {
  readonly #byToken = new Map<string, Pass>();
  /** Unspent ones only: at most one a client. */
  readonly #live = new Map<string, Pass>();
  readonly #deadlines = new DeadlineHeap<Pass>();

  /** Passes that are neither spent nor expired. */
  liveCount(nowMs: number): number {
    this.#forget(nowMs);
    return this.#live.size;
  }

  liveOf(clientId: string, nowMs: number): Pass | undefined {
    this.#forget(nowMs);
    return this.#live.get(clientId);
  }

  /** The client must not have a live one. */
  issue(
    passToken: string,
    clientId: string,
    place: PlaceNumber,
    nowMs: number,
    ttlMs: number,
  ): Pass {
    const pass: Pass = {
      passToken,
      clientId,
      sequence: place.sequence,
      joinedAtMs: place.joinedAtMs,
      admittedAtMs: nowMs,
      expiresAtMs: nowMs + ttlMs,
      ttlMs,
      spentBy: undefined,
      deadlineMs: 0,
      heapIndex: -1,
    };
    this.#byToken.set(passToken, pass);
    this.#live.set(clientId, pass);
    this.#deadlines.schedule(pass, pass.expiresAtMs);
    return pass;
  }

  /**
   * A spent pass is remembered for one more TTL from now, so that a retry that comes a little late
   * is still recognised.
   */
  redeem(passToken: string, clientId: string, key: string, nowMs: number): RedeemAnswer {
    this.#forget(nowMs);
    const pass = this.#byToken.get(passToken);
    if (pass?.clientId !== clientId) return { result: "invalid" };
    if (pass.spentBy !== undefined) {
      return { result: pass.spentBy === key ? "replayed" : "invalid" };
    }
    pass.spentBy = key;
    this.#live.delete(clientId);
    this.#deadlines.schedule(pass, nowMs + pass.ttlMs);
    return { result: "redeemed" };
  }

  /** Nothing also where the client was issued another pass since: nobody holds two. */
  restore(passToken: string, clientId: string, key: string, nowMs: number): Restored["result"] {
    this.#forget(nowMs);
    const pass = this.#byToken.get(passToken);
    if (pass?.clientId !== clientId || pass.spentBy !== key) return "nothing";
    if (pass.expiresAtMs <= nowMs || this.#live.has(clientId)) return "nothing";
    pass.spentBy = undefined;
    this.#live.set(clientId, pass);
    this.#deadlines.schedule(pass, pass.expiresAtMs);
    return "restored";
  }

  /** The client leaves: its live pass is no more. False when it has none. */
  giveUp(clientId: string, nowMs: number): boolean {
    this.#forget(nowMs);
    const pass = this.#live.get(clientId);
    if (!pass) return false;
    this.#deadlines.cancel(pass);
    this.#remove(pass);
    return true;
  }

  #forget(nowMs: number): void {
    for (;;) {
      const over = this.#deadlines.takeDue(nowMs);
      if (!over) return;
      this.#remove(over);
    }
  }

  #remove(pass: Pass): void {
    this.#byToken.delete(pass.passToken);
    if (this.#live.get(pass.clientId) === pass) this.#live.delete(pass.clientId);
  }
}
