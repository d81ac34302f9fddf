/** The product's processes, put together as its services do it, on simulated stores, wires and time. */
import { OutboxRelay } from "../../services/common/outbox/outbox-relay.ts";
import { WorkLoop } from "../../services/common/work-loop.ts";
import { paymentOrders } from "../../services/payment/payment-orders.ts";
import { PaymentWorker } from "../../services/payment/payment-worker.ts";
import { MemoryWaitingRoom } from "../../services/queue/memory/memory-waiting-room.ts";
import { QueueTickets } from "../../services/queue/queue-ticket.ts";
import { WaitingRooms } from "../../services/queue/waiting-rooms.ts";
import { Coordinator, DEADLINE_BATCH } from "../../services/saga/coordinator.ts";
import { BookingDesk } from "../../services/ticket/booking-desk.ts";
import { PassGate } from "../../services/ticket/pass-gate.ts";
import { type Changes, handleSagaCommands } from "../../services/ticket/reservation-changes.ts";
import type { Life } from "./virtual-time.ts";
import { EVENT_ID, type World } from "./world.ts";

/** What an incarnation offers to those who ask it, and how it ends when it may. */
export interface Parts {
  readonly rooms?: WaitingRooms;
  readonly desk?: BookingDesk;
  readonly changes?: Changes;
  readonly coordinator?: Coordinator;
  stop(): Promise<void>;
}

const LONGEST_AWAY_MS = 15_000;
const CALL_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
const AFTER_FAILURE_MS = 1_000;
/** They hold keys and nothing else: made once, for all runs. */
const TICKETS = new QueueTickets(["a key of thirty-two characters, no secret"]);

/** A process in its present incarnation, and the ones after it. */
export class Process {
  readonly name: string;
  readonly #world: World;
  readonly #begin: (world: World, life: Life) => Parts;
  readonly #restarter: Life;
  life: Life;
  parts: Parts;

  constructor(world: World, name: string, begin: (world: World, life: Life) => Parts) {
    this.#world = world;
    this.name = name;
    this.#begin = begin;
    this.#restarter = { name: `restart of ${name}`, alive: true };
    this.life = { name, alive: true };
    this.parts = begin(world, this.life);
  }

  /** Memory, timers, open transactions and connections are gone. */
  crash(): void {
    this.#world.say(this.name, () => "dies");
    this.#end();
    const awayMs = this.#world.faults.extent("crash", 1, LONGEST_AWAY_MS);
    this.#world.time.after(this.#restarter, awayMs, () => this.#restart());
  }

  /** Takes no new work, finishes what it has, and makes room for the next. */
  stop(): void {
    const { life, parts } = this;
    this.#world.say(this.name, () => "is stopped");
    this.#world.network.disconnect(life);
    const replace = () => {
      if (this.life !== life || !life.alive) return;
      this.#end();
      this.#world.time.after(this.#restarter, 10, () => this.#restart());
    };
    // As an event of its own: what is being done at this instant is done to its end first.
    void parts.stop().then(() => this.#world.time.after(this.#restarter, 0, replace));
  }

  #end(): void {
    const { network, ticket, saga, payment } = this.#world;
    this.life.alive = false;
    network.disconnect(this.life);
    for (const { database } of [ticket, saga, payment]) database.dropConnections(this.life);
  }

  #restart(): void {
    this.#world.say(this.name, () => "starts");
    this.life = { name: this.name, alive: true };
    this.parts = this.#begin(this.#world, this.life);
  }
}

export function queueParts(world: World, life: Life): Parts {
  const { time, setting, ids, log, defect, network } = world;
  const { permitsPerMinute, passTtlSeconds, pacing } = setting;
  world.room.forget();
  const memory = new MemoryWaitingRoom({
    clock: time.clock,
    waitingTtlSeconds: 1_800,
    settings: {
      ...{ permitsPerMinute, passTtlSeconds, pacing, paused: false, draining: false },
      ...defect.settings?.(setting),
    },
    newPassToken: () => `pass-${ids()}`,
    newEpoch: () => `epoch-${ids()}`,
  });
  const rooms = new WaitingRooms({
    store: world.room.watched(defect.store?.(memory, life, world) ?? memory),
    tickets: TICKETS,
    joinLeadSeconds: 3_600,
    askForSale: () => {
      const ticket = world.tickets.find((one) => one.life.alive) ?? world.tickets[0]!;
      return network.ask(life, ticket.life, CALL_TIMEOUT_MS, "eventForSale", async () => ({
        found: true,
        saleStartAt: new Date(time.epochMs - time.nowMs + setting.opensMs).toISOString(),
        saleEndAt: new Date(time.epochMs - time.nowMs + setting.closesMs).toISOString(),
        cancelled: false,
        ...defect.sale,
      }));
    },
    onAdmitted: (_event, admitted) => {
      for (const { clientId } of admitted) world.say("queue", () => `admits client ${clientId}`);
    },
    clock: time.clock,
    timers: time.timersOf(life),
    log,
  });
  return { rooms, stop: () => rooms.stop() };
}

export function ticketParts(world: World, life: Life): Parts {
  const { time, ids, log, ticket, network, defect } = world;
  const timers = time.timersOf(life);
  const sent = defect.onSent?.(world) ?? markPending(world);
  const rows = ticket.messages.rowsFor(life, sent);
  const relay = relayOf(world, life, defect.outboxRows?.(rows, life, world) ?? rows);
  const changeBooks = ticket.changeBooks(life);
  const books = defect.changeBooks?.(changeBooks, life, world) ?? changeBooks;
  const changes: Changes = { books, clock: time.clock, ids, onMessages: () => relay.wake() };
  /** A pass is given back by what was last read of it. */
  const lookedAtMs = new Map<string, number>();
  const call = (action: string, params: never, options?: { readonly timeout?: number }) => {
    const { queue } = world;
    const timeoutMs = options?.timeout ?? CALL_TIMEOUT_MS;
    const { passToken } = params as { readonly passToken: string };
    world.room.askedAtMs.set(params, lookedAtMs.get(passToken) ?? time.nowMs);
    if (action === "queue.restorePass") world.room.givingBack.set(passToken, life);
    return network.ask<unknown>(life, queue.life, timeoutMs, action, () =>
      action === "queue.redeemPass"
        ? queue.parts.rooms!.redeem(params)
        : queue.parts.rooms!.restore(params),
    );
  };
  const gate = new PassGate({
    broker: { call } as never,
    log,
    isSpent(token) {
      lookedAtMs.set(token, time.nowMs);
      return ticket.isPassSpent(life, token);
    },
    onLost: () => world.say(life.name, () => "a pass could not be given back"),
    timers,
  });
  const saleBooks = ticket.saleBooks(life);
  const desk = new BookingDesk({
    books: defect.saleBooks?.(saleBooks, life, world) ?? saleBooks,
    gate: defect.gate?.(gate, world) ?? gate,
    clock: time.clock,
    ids,
    log,
    onReserved: () => relay.wake(),
  });
  consume(world, life, "ticket", (message) => handleSagaCommands(changes, [message]));
  relay.start();
  const stop = async () => {
    await relay.stop();
    await gate.stop();
  };
  return { desk, changes, stop };
}

export function sagaParts(world: World, life: Life): Parts {
  const { time, ids, log, setting, saga, defect } = world;
  const rows = saga.messages.rowsFor(life);
  const relay = relayOf(world, life, defect.outboxRows?.(rows, life, world) ?? rows);
  const coordinator = new Coordinator({
    books: world.sagaBooks(life),
    clock: time.clock,
    ids,
    log,
    timetable: {
      paymentDeadlineSeconds: setting.paymentDeadlineSeconds,
      retrySeconds: setting.sagaRetrySeconds,
    },
    onStep(step) {
      world.say(life.name, () => `${step.event}: ${step.to.at}, ${step.note}`);
      if (step.send.length > 0) relay.wake();
    },
    ...(defect.rules ? { rules: defect.rules } : {}),
  });
  const loop = new WorkLoop({
    look: async () => ((await coordinator.passDeadlines()) < DEADLINE_BATCH ? LOOK_EVERY_MS : 0),
    onError: () => {},
    retryMs: AFTER_FAILURE_MS,
    timers: time.timersOf(life),
  });
  consume(world, life, "saga", (message) => coordinator.handle([message]));
  relay.start();
  loop.start();
  const stop = async () => {
    await loop.stop();
    await coordinator.close();
    await relay.stop();
  };
  return { coordinator, stop };
}

export function paymentParts(world: World, life: Life): Parts {
  const { time, ids, log, setting, payment, provider, defect } = world;
  const rows = payment.messages.rowsFor(life);
  const relay = relayOf(world, life, defect.outboxRows?.(rows, life, world) ?? rows);
  const books = world.paymentBooks(life);
  const client = provider.clientOf(life);
  const worker = new PaymentWorker({
    books,
    provider: defect.provider?.(client, life, world) ?? client,
    clock: time.clock,
    timers: time.timersOf(life),
    ids,
    log,
    timeoutMs: setting.providerTimeoutMs,
    onSettled(payments) {
      for (const one of payments) world.say(life.name, () => `${one.sagaId} is ${one.status}`);
      relay.wake();
      worker.wake();
    },
  });
  const orders = paymentOrders({
    books,
    clock: time.clock,
    ids,
    onWork: () => worker.wake(),
    onOutcome: () => relay.wake(),
  });
  consume(world, life, "payment", (message) => orders([message]));
  relay.start();
  worker.start();
  const stop = async () => {
    await worker.stop();
    await relay.stop();
  };
  return { stop };
}

type Handler = Parameters<ReturnType<World["network"]["busOf"]>["consume"]>[1];

function consume(
  world: World,
  life: Life,
  service: "ticket" | "saga" | "payment",
  handler: Handler,
) {
  const told: Handler = (message) => {
    world.say(life.name, () => `gets ${message.type} of ${message.sagaId} (${message.messageId})`);
    return handler(message);
  };
  const bus = world.network.busOf(life);
  void bus.consume(service, world.defect.handler?.(told, life, world) ?? told);
}

function relayOf(
  world: World,
  life: Life,
  rows: ConstructorParameters<typeof OutboxRelay>[0]["rows"],
) {
  const bus = world.network.busOf(life);
  return new OutboxRelay({
    rows,
    bus: world.defect.bus?.(bus, life, world) ?? bus,
    log: world.log,
    timers: world.time.timersOf(life),
  });
}

function markPending(
  world: World,
): NonNullable<Parameters<World["ticket"]["messages"]["rowsFor"]>[1]> {
  return (tx, messages) =>
    world.ticket.markPaymentPending(
      tx,
      messages.filter((one) => one.type === "ReservationCreated").map((one) => one.sagaId),
    );
}

export { EVENT_ID };
