/** The payment service: takes the saga's orders, moves money through the provider, shows payments. */
import { join } from "node:path";
import type { Context, ServiceSchema } from "moleculer";
import { watchMessages } from "../common/bus/delivery-metrics.ts";
import type { Message } from "../common/contracts/messages.ts";
import { providerBehaviour } from "../common/contracts/payment.ts";
import { answers, type Database } from "../common/database.ts";
import { deadLetterRoutes } from "../common/dead-letters/dead-letters.http.ts";
import { DeadLetters } from "../common/dead-letters/dead-letters.ts";
import { type Edge, openEdge } from "../common/http/edge.ts";
import { lifecycle, ownDatabase, type Parts } from "../common/lifecycle.ts";
import { OutboxRelay } from "../common/outbox/outbox-relay.ts";
import { outboxRows } from "../common/outbox/outbox-rows.ts";
import { countUnsent } from "../common/outbox/outbox-store.ts";
import { seam } from "../common/seams.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { type OpenedProvider, openProvider } from "./open-provider.ts";
import { paymentRoutes } from "./payment.http.ts";
import { paymentBooks } from "./payment-books.ts";
import { paymentOrders } from "./payment-orders.ts";
import { countOpen, type StoredPayment } from "./payment-store.ts";
import { PaymentWorker } from "./payment-worker.ts";
import type { PaymentProvider } from "./provider.ts";

/** Broadcast, so that a change made through one process holds for all. */
const BEHAVIOUR_CHANGED = "payment.provider.changed";

export function paymentService(context: ServiceContext): ServiceSchema {
  let opened: OpenedProvider | undefined;
  return {
    name: "payment",
    events: {
      [BEHAVIOUR_CHANGED]: (ctx: Context<unknown>) => {
        if (opened?.kind !== "simulated") return;
        opened.provider.behave(providerBehaviour.parse(ctx.params));
      },
    },
    ...lifecycle(context.log, async (parts) => {
      const sql = join(import.meta.dirname, "sql");
      const database = await ownDatabase(context, "payment", { sql, messaging: true });
      parts.opened(() => database.end());
      opened = openProvider(context.config, database);
      await start(context, database, opened, parts);
    }),
  };
}

async function start(
  context: ServiceContext,
  database: Database,
  opened: OpenedProvider,
  parts: Parts,
): Promise<void> {
  const { config, clock, log, bus } = context;
  let count: (payment: StoredPayment) => void = () => {};
  const relay = new OutboxRelay({ rows: outboxRows(database), bus, log });
  parts.opened(() => relay.stop());
  const books = paymentBooks(database);
  const worker = new PaymentWorker({
    books,
    provider: seam<PaymentProvider>("payment.provider", opened.provider),
    clock,
    log,
    timeoutMs: config.PAYMENT_TIMEOUT_MS,
    onSettled(payments) {
      relay.wake();
      // A capture for a cancelled saga is due again at once: its money goes back.
      worker.wake();
      for (const payment of payments) count(payment);
    },
  });
  parts.opened(() => worker.stop());
  const onOutcome = (payment: StoredPayment, settled: boolean) => {
    relay.wake();
    if (settled) count(payment);
  };
  const onWork = () => worker.wake();
  const handleMany = paymentOrders({ books, clock, onWork, onOutcome });
  const handler = (message: Message) => handleMany([message]);
  const letters = new DeadLetters({ database, log, handler });
  parts.opened(() => letters.stop());
  const edge = await openPaymentEdge(context, database, { opened, letters, onWork });
  parts.opened(() => edge.close());
  count = outcomeCounter(edge);
  watchBacklog(edge, database);
  watchMessages(edge.metrics, { service: "payment", bus, relay, letters });
  await bus.consume("payment", handler, { handleMany, ledger: letters });
  relay.start();
  letters.start();
  worker.start();
  context.onListening("payment", edge.url);
}

interface EdgeParts {
  readonly opened: OpenedProvider;
  readonly letters: DeadLetters;
  readonly onWork: () => void;
}

function openPaymentEdge(
  context: ServiceContext,
  database: Database,
  { opened, letters, onWork }: EdgeParts,
): Promise<Edge> {
  return openEdge({
    service: "payment",
    description: "Payments and refunds of bookings, and what the payment provider says of them.",
    host: context.config.HTTP_HOST,
    port: context.config.ports.payment,
    log: context.log,
    verifier: context.verifier,
    readiness: async () => ({ database: await answers(database) }),
    routes(app) {
      deadLetterRoutes(app, letters);
      paymentRoutes(app, {
        database,
        opened,
        clock: context.clock,
        onWork,
        onBehaviour(behaviour) {
          context.broker.broadcast(BEHAVIOUR_CHANGED, behaviour).catch((error: unknown) => {
            context.log.warn({ err: error }, "payment: behaviour not passed on");
          });
        },
      });
    },
  });
}

function outcomeCounter({ metrics }: Edge): (payment: StoredPayment) => void {
  const counter = metrics.counter("payments_total", "Outcomes of payments, each counted once.", [
    "outcome",
  ]);
  return ({ status }) => counter.inc({ outcome: status.toLowerCase() });
}

function watchBacklog({ metrics }: Edge, database: Database): void {
  // Metrics are wanted most when something is wrong: no database, no number, but an answer.
  const read = (ask: () => Promise<number>) => () => ask().catch(() => Number.NaN);
  metrics.gauge(
    "payment_outcomes_unknown",
    "Charges whose outcome nobody knows yet.",
    read(async () => (await countOpen(database)).unknown),
  );
  metrics.gauge(
    "payment_refunds_outstanding",
    "Refunds that were ordered and are not done.",
    read(async () => (await countOpen(database)).refunds),
  );
  metrics.gauge(
    "outbox_backlog",
    "Messages that nobody has taken over yet.",
    read(() => countUnsent(database)),
  );
}
