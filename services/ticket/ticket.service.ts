/** The ticket service: events, products, stock and reservations. */
import { join } from "node:path";
import type { Context, ServiceSchema } from "moleculer";
import { watchMessages } from "../common/bus/delivery-metrics.ts";
import type { Message } from "../common/contracts/messages.ts";
import { id } from "../common/contracts/shared.ts";
import { EVENT_CHANGED, type EventForSale } from "../common/contracts/ticket.ts";
import { answers, type Database } from "../common/database.ts";
import { deadLetterRoutes } from "../common/dead-letters/dead-letters.http.ts";
import { DeadLetters } from "../common/dead-letters/dead-letters.ts";
import { type Edge, openEdge } from "../common/http/edge.ts";
import { uuid } from "../common/ids.ts";
import { lifecycle, ownDatabase, type Parts } from "../common/lifecycle.ts";
import { OutboxRelay } from "../common/outbox/outbox-relay.ts";
import { outboxRows } from "../common/outbox/outbox-rows.ts";
import { seam } from "../common/seams.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { BookingDesk } from "./booking-desk.ts";
import { eventForSale } from "./catalogue-store.ts";
import { EventCompensation } from "./event-compensation.ts";
import { HoldExpiry } from "./hold-expiry.ts";
import { PassGate } from "./pass-gate.ts";
import { changeBooks, saleBooks } from "./reservation-books.ts";
import { markPaymentPending } from "./reservation-change-store.ts";
import { type Changes, handleSagaCommands } from "./reservation-changes.ts";
import { isPassSpent, type ReserveRequest, type ReserveVerdict } from "./reservation-store.ts";
import { openActors } from "./stock-actors.ts";
import { type Stock, StockRouting } from "./stock-routing.ts";
import { type TicketRoutes, ticketRoutes } from "./ticket.http.ts";
import { type Counting, countNothing, watchTicket } from "./ticket-metrics.ts";

export function ticketService(context: ServiceContext): ServiceSchema {
  let database: Database | undefined;
  let actors: Stock | undefined;
  return {
    name: "ticket",
    actions: {
      /** `{eventId}` → EventForSale: what the gate must know of an event. */
      eventForSale: (ctx: Context<{ readonly eventId?: unknown }>): Promise<EventForSale> => {
        if (!database) throw new Error("the ticket service has not started");
        return saleOf(database, ctx.params.eventId);
      },
      /** ReserveRequest → ReserveVerdict: for the ticket processes among themselves. */
      decideReservation: (ctx: Context<ReserveRequest>): Promise<ReserveVerdict> => {
        if (!actors?.hasRoom(ctx.params.productId)) throw new Error("not decided here");
        return actors.ask(ctx.params);
      },
    },
    ...lifecycle(context.log, async (parts) => {
      const sql = join(import.meta.dirname, "sql");
      const opening = ownDatabase(context, "ticket", { sql, messaging: true });
      const own = await seam("ticket.database", opening);
      parts.opened(() => own.end());
      database = own;
      await start(context, own, parts, (own) => {
        actors = own;
      });
    }),
  };
}

async function saleOf(database: Database, eventId: unknown): Promise<EventForSale> {
  const known = id.safeParse(eventId);
  return known.success ? eventForSale(database, known.data) : { found: false };
}

async function start(
  context: ServiceContext,
  database: Database,
  parts: Parts,
  decideHere: (actors: Stock) => void,
): Promise<void> {
  const { broker, bus, clock, config, log } = context;
  const { holdSeconds } = config;
  const count = countNothing();
  const relay = openRelay(context, database);
  parts.opened(() => relay.stop());
  const onMessages = () => relay.wake();
  const changes: Changes = { books: changeBooks(database), clock, ids: uuid, onMessages };
  const compensation = new EventCompensation(database, changes, log);
  parts.opened(() => compensation.stop());
  const onReleased = (holds: number) => count.expired(holds);
  const holds = new HoldExpiry({ database, changes, log, holdSeconds, onReleased });
  parts.opened(() => holds.stop());
  const gate = new PassGate({
    broker,
    log,
    isSpent: (passToken) => isPassSpent(database, passToken),
    onLost: () => count.lostPass(),
  });
  parts.opened(() => gate.stop());
  const onReserved = () => relay.wake();
  const books = seam("ticket.saleBooks", saleBooks(database));
  const actors = openActors(books, config.RESERVE_BATCH);
  decideHere(actors);
  const stock = config.ROUTE_BY_PRODUCT ? routed(context, actors, count) : actors;
  const honestDesk = new BookingDesk({ books, stock, gate, clock, ids: uuid, log, onReserved });
  const desk = seam("ticket.desk", honestDesk);
  const handleMany = (messages: readonly Message[]) => handleSagaCommands(changes, messages);
  const handler = (message: Message) => handleMany([message]);
  const letters = new DeadLetters({ database, log, handler });
  parts.opened(() => letters.stop());
  await bus.consume("ticket", handler, { handleMany, ledger: letters });
  const edge = await openTicketEdge(context, letters, {
    database,
    desk,
    changes,
    onPurchase: (outcome) => count.purchase(outcome),
    onEventChanged: (eventId) => announceChange(context, eventId),
    onEventCancelled: () => compensation.wake(),
  });
  parts.opened(() => edge.close());
  watchTicket(edge, database, count, holdSeconds);
  watchMessages(edge.metrics, { service: "ticket", bus, relay, letters });
  relay.start();
  letters.start();
  compensation.start();
  holds.start();
  context.onListening("ticket", edge.url);
}

/** Every process of the service that decides reservations, as the broker knows them now. */
function routed({ broker, log }: ServiceContext, actors: Stock, count: Counting): Stock {
  const action = "ticket.decideReservation";
  return new StockRouting({
    actors,
    self: broker.nodeID,
    nodes: () => {
      const { endpoints = [] } = broker.registry.getActionEndpoints(action) ?? {};
      return endpoints.filter((one) => one.isAvailable).map((one) => one.id);
    },
    askNode: (nodeID, request) => broker.call(action, request, { nodeID }),
    log,
    onRouted: (where) => count.routed(where),
  });
}

function openRelay({ bus, log }: ServiceContext, database: Database): OutboxRelay {
  const rows = outboxRows(database, (tx, messages) => {
    const created = messages.filter((message) => message.type === "ReservationCreated");
    return markPaymentPending(
      tx,
      created.map((message) => message.sagaId),
    );
  });
  return new OutboxRelay({ rows, bus, log });
}

function openTicketEdge(
  context: ServiceContext,
  letters: DeadLetters,
  deps: TicketRoutes,
): Promise<Edge> {
  return openEdge({
    service: "ticket",
    description: "Events, products, stock and reservations.",
    host: context.config.HTTP_HOST,
    port: context.config.ports.ticket,
    log: context.log,
    verifier: context.verifier,
    readiness: async () => ({ database: await answers(deps.database) }),
    routes(app) {
      ticketRoutes(app, deps);
      deadLetterRoutes(app, letters);
    },
  });
}

/** Gates look again; one that misses this looks by itself within its own time. */
function announceChange({ broker, log }: ServiceContext, eventId: number): void {
  broker.broadcast(EVENT_CHANGED, { eventId }).catch((error: unknown) => {
    log.warn({ err: error, eventId }, "ticket: an event's change was not passed on");
  });
}
