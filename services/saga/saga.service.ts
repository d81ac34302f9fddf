/** The booking saga's coordinator as a service: consumes its messages, keeps its deadlines. */
import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import { watchMessages } from "../common/bus/delivery-metrics.ts";
import type { Message } from "../common/contracts/messages.ts";
import { answers } from "../common/database.ts";
import { deadLetterRoutes } from "../common/dead-letters/dead-letters.http.ts";
import { DeadLetters } from "../common/dead-letters/dead-letters.ts";
import { openEdge } from "../common/http/edge.ts";
import { lifecycle, ownDatabase, type Parts } from "../common/lifecycle.ts";
import type { Log } from "../common/log.ts";
import { OutboxRelay } from "../common/outbox/outbox-relay.ts";
import { outboxRows } from "../common/outbox/outbox-rows.ts";
import { seam } from "../common/seams.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { WorkLoop } from "../common/work-loop.ts";
import { decide } from "./booking-saga.ts";
import { Coordinator, DEADLINE_BATCH } from "./coordinator.ts";
import { sagaRoutes } from "./saga.http.ts";
import { sagaBooks } from "./saga-books.ts";
import { sagaMetrics } from "./saga-metrics.ts";
import type { Step } from "./step.ts";

/** A deadline is acted on at most this late; one look is one indexed query, about 1 ms. */
const LOOK_EVERY_MS = 250;
const AFTER_FAILURE_MS = 1_000;

export function sagaService(context: ServiceContext): ServiceSchema {
  return { name: "saga", ...lifecycle(context.log, (parts) => start(context, parts)) };
}

async function start(context: ServiceContext, parts: Parts): Promise<void> {
  const { config, bus, clock, verifier } = context;
  const log = context.log.child({ service: "saga" });
  const sql = join(import.meta.dirname, "sql");
  const database = await ownDatabase(context, "saga", { sql, messaging: true });
  parts.opened(() => database.end());

  const relay = new OutboxRelay({ rows: outboxRows(database), bus, log });
  parts.opened(() => relay.stop());
  let count: (step: Step) => void = () => {};
  const coordinator = new Coordinator({
    books: sagaBooks(database),
    rules: seam("saga.rules", decide),
    clock,
    log,
    timetable: {
      paymentDeadlineSeconds: config.PAYMENT_DEADLINE_SECONDS,
      retrySeconds: config.SAGA_RETRY_SECONDS,
    },
    onStep(step) {
      count(step);
      if (step.send.length > 0) relay.wake();
    },
  });
  parts.opened(() => coordinator.close());
  const handleMany = (messages: readonly Message[]) => coordinator.handle(messages);
  const handler = (message: Message) => handleMany([message]);
  const letters = new DeadLetters({ database, log, handler });
  parts.opened(() => letters.stop());
  const loop = deadlineLoop(coordinator, log);
  parts.opened(() => loop.stop());

  // Before the first message, which is to be counted; closed first, because it was opened last.
  const edge = await openEdge({
    service: "saga",
    description: "The booking saga: its state, its timeline, its deadlines and compensation.",
    host: config.HTTP_HOST,
    port: config.ports.saga,
    log,
    verifier,
    readiness: async () => ({ database: await answers(database) }),
    routes(app) {
      sagaRoutes(app, { database, coordinator });
      deadLetterRoutes(app, letters);
    },
  });
  parts.opened(() => edge.close());
  count = sagaMetrics(edge.metrics, database);

  watchMessages(edge.metrics, { service: "saga", bus, relay, letters });

  await bus.consume("saga", handler, { handleMany, ledger: letters });
  relay.start();
  letters.start();
  loop.start();
  context.onListening("saga", edge.url);
}

/** In every process that coordinates sagas; row locks keep them from deciding one deadline twice. */
function deadlineLoop(coordinator: Coordinator, log: Log): WorkLoop {
  return new WorkLoop({
    // A full batch may have left some over: the next one follows at once.
    look: async () => ((await coordinator.passDeadlines()) < DEADLINE_BATCH ? LOOK_EVERY_MS : 0),
    // Deadlines stand in the database: the next look finds all that this one missed.
    onError: (error) => log.warn({ err: error }, "saga: deadlines not looked at, will try again"),
    retryMs: AFTER_FAILURE_MS,
  });
}
