/** The queue service beside a stand-in for the ticket service, for tests through HTTP and the broker. */
import type { ServiceSchema } from "moleculer";
import type { EventForSale } from "../../common/contracts/ticket.ts";
import { type Harness, startHarness } from "../../common/testing/service-harness.ts";
import { queueService } from "../queue.service.ts";

export const CREDENTIAL = "a-service-credential-of-32-characters";

/** The ticket service as far as the gate knows it. */
export class Sales {
  readonly events = new Map<number, EventForSale>();
  silent = false;
  asked = 0;

  open(eventId: number, from = -1_000, until = 3_600_000): void {
    this.events.set(eventId, {
      found: true,
      saleStartAt: new Date(Date.now() + from).toISOString(),
      saleEndAt: new Date(Date.now() + until).toISOString(),
      cancelled: false,
    });
  }

  service(): ServiceSchema {
    return {
      name: "ticket",
      actions: {
        eventForSale: (ctx: { params: { eventId: number } }) => {
          this.asked += 1;
          if (this.silent) throw Object.assign(new Error("gone"), { name: "RequestTimeoutError" });
          return this.events.get(ctx.params.eventId) ?? { found: false };
        },
      },
    };
  }
}

/** Runs `body` beside a queue service with event 1 on sale, and stops it. */
export async function withQueue(
  settings: Record<string, string>,
  body: (queue: Harness, sales: Sales) => Promise<void>,
  clock?: { now(): number },
): Promise<void> {
  const sales = new Sales();
  sales.open(1);
  const queue = await startHarness({
    services: (context) => [queueService(context), sales.service()],
    settings: { SERVICE_CREDENTIAL: CREDENTIAL, ...settings },
    ...(clock ? { clock } : {}),
  });
  try {
    await body(queue, sales);
  } finally {
    await queue.stop();
  }
}

export const post = (token: string, headers: Record<string, string> = {}) => {
  return { method: "POST", token, headers };
};
