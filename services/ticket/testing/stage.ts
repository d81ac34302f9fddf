/** The ticket service with stand-ins around it, and what a client does through HTTP. */
import * as assert from "uvu/assert";
import type { Message } from "../../common/contracts/messages.ts";
import type { Product, SaleEvent } from "../../common/contracts/ticket.ts";
import { type Database, openDatabase } from "../../common/database.ts";
import {
  type Harness,
  type HarnessOptions,
  startHarness,
} from "../../common/testing/service-harness.ts";
import { ticketService } from "../ticket.service.ts";
import { StandInQueue } from "./stand-in-queue.ts";
import { inHours, type Shop } from "./ticket-database.ts";

export interface Stage extends Omit<Harness, "stop"> {
  readonly queue: StandInQueue;
  /** What the saga's stand-in has received, and what is to happen then. */
  readonly heard: Message[];
  /** Straight to the database, for what HTTP does not tell. */
  readonly books: Database;
  readonly admin: string;
  /** Of the ticket service's edge. */
  readonly url: string;
  end(options?: { readonly keepDatabase?: boolean }): Promise<void>;
}

export interface StageOptions extends Partial<HarnessOptions> {
  /** false: nobody takes the saga's messages, so they stay in the outbox. */
  readonly saga?: boolean;
  /** false: there is no queue service. */
  readonly withQueue?: boolean;
}

/** The service with stand-ins for the queue and the saga around it. */
export async function startStage(options: StageOptions = {}): Promise<Stage> {
  const queue = new StandInQueue();
  const { saga, withQueue, ...rest } = options;
  let url = "";
  const harness = await startHarness({
    services: (context) => [
      ticketService({
        ...context,
        onListening(service, at) {
          url = at;
          context.onListening(service, at);
        },
      }),
      ...(withQueue === false ? [] : [queue.schema()]),
    ],
    ...rest,
  });
  const heard: Message[] = [];
  if (saga !== false) {
    await harness.bus.consume("saga", async (message) => {
      heard.push(message);
    });
  }
  const books = await openDatabase({ url: harness.databaseUrl("ticket"), poolSize: 4 });
  return {
    ...harness,
    queue,
    heard,
    books,
    url,
    admin: await harness.token(999, "ADMIN"),
    async end(stopping) {
      await books.end();
      await harness.stop(stopping);
    },
  };
}

/** An event on sale and a product, made through the API. */
export async function shopByHttp(
  stage: Stage,
  product: Readonly<Record<string, unknown>> = {},
  event: Readonly<Record<string, unknown>> = {},
): Promise<Shop & { readonly event: SaleEvent; readonly product: Product }> {
  const made = await stage.http<SaleEvent>("ticket", "/api/events", {
    token: stage.admin,
    body: anEvent(event),
  });
  assert.is(made.status, 201, JSON.stringify(made.body));
  const added = await stage.http<Product>("ticket", `/api/events/${made.body.id}/products`, {
    token: stage.admin,
    body: { name: "Seat", price: 49.9, totalStock: 10, ...product },
  });
  assert.is(added.status, 201, JSON.stringify(added.body));
  return {
    eventId: made.body.id,
    productId: added.body.id,
    event: made.body,
    product: added.body,
  };
}

export const anEvent = (changes: Readonly<Record<string, unknown>> = {}) => ({
  name: "Concert",
  description: "Two hours of music",
  eventDate: inHours(100),
  venue: "Hall",
  saleStartAt: inHours(-1),
  saleEndAt: inHours(1),
  ...changes,
});

export interface BuyOptions {
  readonly userId?: number;
  readonly quantity?: unknown;
  readonly key?: string;
  /** Default: a fresh one for the user and event. */
  readonly pass?: string;
  readonly query?: string;
}

/** POST /api/reservations with a token and a pass. */
export async function buy<T = Record<string, unknown>>(
  stage: Stage,
  shop: Shop,
  options: BuyOptions = {},
) {
  const userId = options.userId ?? 1;
  const pass = options.pass ?? stage.queue.issue(shop.eventId, userId);
  const query = options.query ?? `eventId=${shop.eventId}`;
  return stage.http<T>("ticket", `/api/reservations?${query}`, {
    token: await stage.token(userId),
    headers: {
      "x-pass-token": pass,
      ...(options.key ? { "idempotency-key": options.key } : {}),
    },
    body: { productId: shop.productId, quantity: options.quantity ?? 1 },
  });
}
