/** A ticket service as people write it: sell in a transaction, then tell the payment service. */
import { join } from "node:path";
import type { Context, ServiceSchema } from "moleculer";
import { z } from "zod";
import { idParams, idText } from "../../../services/common/contracts/shared.ts";
import {
  type EventForSale,
  reserveBody,
  reserveHeaders,
} from "../../../services/common/contracts/ticket.ts";
import {
  type Database,
  ensureDatabase,
  migrate,
  openDatabase,
} from "../../../services/common/database.ts";
import { Problem } from "../../../services/common/errors.ts";
import { failpoint } from "../../../services/common/failpoints.ts";
import { type EdgeApp, openEdge, principalOf } from "../../../services/common/http/edge.ts";
import { uuid } from "../../../services/common/ids.ts";
import type { ServiceContext } from "../../../services/common/service-context.ts";
import type { NaiveBus, NaiveMessage } from "./naive-bus.ts";
import * as store from "./ticket-store.ts";

type Context_ = Omit<ServiceContext, "bus">;

interface Shop {
  readonly context: Context_;
  readonly database: Database;
  readonly bus: NaiveBus;
}

export function naiveTicketService(context: Context_, bus: NaiveBus): ServiceSchema {
  let shop: Shop | undefined;
  return {
    name: "ticket",
    actions: {
      eventForSale: (ctx: Context<{ readonly eventId: number }>): Promise<EventForSale> =>
        saleOf(shop!, ctx.params.eventId),
    },
    async started() {
      const url = context.databaseUrl("naive_ticket");
      await ensureDatabase(url);
      await migrate(url, [join(import.meta.dirname, "sql")]);
      const database = await openDatabase({ url, poolSize: context.config.DATABASE_POOL_SIZE });
      shop = { context, database, bus };
      await bus.consume("ticket", (message) => heard(shop!, message));
      await openTicketEdge(shop);
    },
  };
}

async function saleOf({ database }: Shop, eventId: number): Promise<EventForSale> {
  const event = await store.eventById(database, eventId);
  if (!event) return { found: false };
  const { start, end, cancelled } = event;
  return { found: true, saleStartAt: start, saleEndAt: end, cancelled };
}

async function openTicketEdge(shop: Shop): Promise<void> {
  const { config, log, verifier, onListening } = shop.context;
  const edge = await openEdge({
    service: "ticket",
    description: "The naive build.",
    host: config.HTTP_HOST,
    port: config.ports.ticket,
    ...{ log, verifier },
    readiness: async () => ({}),
    routes: (app) => {
      catalogue(app, shop);
      booking(app, shop);
    },
  });
  onListening("ticket", edge.url);
}

function catalogue(app: EdgeApp, { database }: Shop): void {
  const config = { access: "admin" } as const;
  const times = z.object({ saleStartAt: z.string(), saleEndAt: z.string() });
  app.post("/api/events", { config, schema: { body: times } }, async (request, reply) => {
    const { saleStartAt, saleEndAt } = request.body;
    const id = await store.addEvent(database, saleStartAt, saleEndAt);
    return reply.status(201).send({ id });
  });
  const body = z.object({
    name: z.string(),
    price: z.number(),
    totalStock: z.int(),
    maxPerUser: z.int(),
  });
  const schema = { params: idParams, body };
  app.post("/api/events/:id/products", { config, schema }, async (request, reply) => {
    const { price, ...product } = request.body;
    const priceCents = Math.round(price * 100);
    const id = await store.addProduct(database, request.params.id, { ...product, priceCents });
    return reply.status(201).send({ id });
  });
  const querystring = z.object({ eventId: idText });
  app.get("/api/admin/ledger", { config, schema: { querystring } }, async (request) => ({
    ...(await store.ledger(database, request.query.eventId)),
    nextAfter: null,
  }));
}

function booking(app: EdgeApp, shop: Shop): void {
  const admin = { access: "admin" } as const;
  const schema = {
    querystring: z.object({ eventId: idText }),
    headers: reserveHeaders,
    body: reserveBody,
  };
  app.post("/api/reservations", { schema }, async (request, reply) => {
    const { userId } = principalOf(request);
    const passToken = request.headers["x-pass-token"] ?? "";
    await spendPass(shop, request.query.eventId, userId, passToken);
    return reply.status(201).send(await buy(shop, { ...request.body, orderId: uuid(), userId }));
  });
  const params = { schema: { params: idParams } };
  app.put("/api/reservations/:id/cancel", params, async (request) => {
    if (await cancelOne(shop, request.params.id)) return { status: "CANCELLED" };
    throw new Problem("INVALID_STATE", "it is cancelled already");
  });
  app.post("/api/events/:id/cancel", { config: admin, ...params }, async (request) => {
    const ids = await store.markEventCancelled(shop.database, request.params.id);
    for (const id of ids) await cancelOne(shop, id);
    shop.context.broker
      .broadcast("ticket.event.changed", { eventId: request.params.id })
      .catch(() => {});
    return { cancelled: ids.length };
  });
}

async function spendPass({ context }: Shop, eventId: number, userId: number, passToken: string) {
  const clientId = String(userId);
  const redemption = { eventId, clientId, passToken, redemptionKey: uuid() };
  const answer = await context.broker
    .call<{ result: string }, object>("queue.redeemPass", redemption)
    .catch(() => undefined);
  if (!answer) throw new Problem("UNAVAILABLE", "the queue does not answer");
  if (answer.result !== "redeemed") throw new Problem("PASS_TOKEN_INVALID", "not a valid pass");
}

/** The dual write: first the database, then the message. */
async function buy({ database, bus }: Shop, wish: store.Order) {
  const ordered = await store.order(database, wish);
  if (!ordered.ok) throw new Problem(ordered.code, "it cannot be bought");
  const { totalCents, ...reservation } = ordered.reservation;
  await failpoint("ticket.reserve.afterCommit");
  await bus.publish("payment", {
    type: "charge",
    orderId: wish.orderId,
    reservationId: reservation.id,
    cents: totalCents,
  });
  await failpoint("ticket.reserve.beforeAnswer");
  return reservation;
}

async function cancelOne({ database, bus }: Shop, id: number): Promise<boolean> {
  const before = await store.cancel(database, id);
  if (!before || before.status === "CANCELLED") return false;
  await failpoint("ticket.cancel.afterCommit");
  // One that is still being paid for is refunded when its payment arrives.
  if (before.status === "CONFIRMED") {
    await bus.publish("payment", { type: "refund", orderId: before.sagaId });
  }
  return true;
}

async function heard({ database, bus }: Shop, message: NaiveMessage): Promise<void> {
  const { orderId } = message;
  if (message.type === "declined") return store.cancelUnpaid(database, orderId);
  if (message.type !== "paid" || (await store.confirm(database, orderId))) return;
  await bus.publish("payment", { type: "refund", orderId });
}
