/** Plays the queue for the ticket service: passes that open once, and can be made to misbehave. */
import { randomUUID } from "node:crypto";
import type { Context, ServiceSchema } from "moleculer";
import type { PassRedemption, RedeemAnswer } from "../../common/contracts/queue.ts";

interface StandInPass {
  readonly eventId: number;
  readonly clientId: string;
  spentBy: string | undefined;
  expired: boolean;
}

/** Plays the queue: passes that open once, and can be made to misbehave. */
export class StandInQueue {
  readonly passes = new Map<string, StandInPass>();
  /** Every redeem and restore, in order. */
  readonly calls: string[] = [];
  /** Actions by these names throw. */
  readonly broken = new Set<"redeemPass" | "restorePass">();

  issue(eventId: number, clientId: number): string {
    const token = `pass_${randomUUID()}`;
    this.passes.set(token, {
      eventId,
      clientId: String(clientId),
      spentBy: undefined,
      expired: false,
    });
    return token;
  }

  isUsable(token: string): boolean {
    const pass = this.passes.get(token);
    return pass !== undefined && !pass.expired && pass.spentBy === undefined;
  }

  schema(): ServiceSchema {
    return {
      name: "queue",
      actions: {
        redeemPass: (ctx: Context<PassRedemption>) => this.#redeem(ctx.params),
        restorePass: (ctx: Context<PassRedemption>) => this.#restore(ctx.params),
      },
    };
  }

  #redeem({ eventId, clientId, passToken, redemptionKey }: PassRedemption): RedeemAnswer {
    this.calls.push("redeem");
    if (this.broken.has("redeemPass")) throw new Error("the queue is broken");
    const pass = this.passes.get(passToken);
    const fits = pass && !pass.expired && pass.eventId === eventId && pass.clientId === clientId;
    if (!fits) return { result: "invalid" };
    if (pass.spentBy !== undefined) {
      return { result: pass.spentBy === redemptionKey ? "replayed" : "invalid" };
    }
    pass.spentBy = redemptionKey;
    return { result: "redeemed" };
  }

  #restore({ passToken, redemptionKey }: PassRedemption): null {
    this.calls.push("restore");
    if (this.broken.has("restorePass")) throw new Error("the queue is broken");
    const pass = this.passes.get(passToken);
    if (pass?.spentBy === redemptionKey) pass.spentBy = undefined;
    return null;
  }
}
