/** The booking saga's coordinator as a service: consumes its messages, keeps its deadlines. */
import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import { answers, ensureDatabase, migrate, openDatabase } from "../common/database.ts";
import { openEdge } from "../common/http/edge.ts";
import { OutboxRelay } from "../common/outbox/outbox-relay.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { Coordinator, DEADLINE_BATCH } from "./coordinator.ts";
import { DeadlineLoop } from "./deadline-loop.ts";
import { sagaRoutes } from "./saga.http.ts";
import { sagaMetrics } from "./saga-metrics.ts";
import type { Step } from "./step.ts";

const SQL_FOLDERS = [join(import.meta.dirname, "../common/sql"), join(import.meta.dirname, "sql")];

export function sagaService(context: ServiceContext): ServiceSchema {
  let parts = new AsyncDisposableStack();
  return {
    name: "saga",
    async started() {
      parts = new AsyncDisposableStack();
      try {
        await start(context, parts);
      } catch (error) {
        // Nobody is sure to stop a service that did not start.
        await parts.disposeAsync();
        throw error;
      }
    },
    async stopped() {
      await parts.disposeAsync();
    },
  };
}

/** Whatever has been started is left on the stack, also when a later part fails to start. */
async function start(context: ServiceContext, parts: AsyncDisposableStack): Promise<void> {
  const { config, bus, clock, verifier } = context;
  const log = context.log.child({ service: "saga" });
  const url = context.databaseUrl("saga");
  await ensureDatabase(url);
  await migrate(url, SQL_FOLDERS);
  const database = await openDatabase({ url, poolSize: config.DATABASE_POOL_SIZE });
  parts.defer(() => database.end());

  const relay = new OutboxRelay({ database, bus, log });
  parts.defer(() => relay.stop());
  let count: (step: Step) => void = () => {};
  const coordinator = new Coordinator({
    database,
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
  parts.defer(() => coordinator.close());
  const loop = new DeadlineLoop({
    pass: () => coordinator.passDeadlines(),
    fullBatch: DEADLINE_BATCH,
    log,
  });
  parts.defer(() => loop.stop());

  // Before the first message, which is to be counted; closed first, because it was opened last.
  const edge = await openEdge({
    service: "saga",
    description: "The booking saga: its state, its timeline, its deadlines and compensation.",
    host: config.HTTP_HOST,
    port: config.ports.saga,
    log,
    verifier,
    readiness: async () => ({ database: await answers(database) }),
    routes: (app) => sagaRoutes(app, { database, coordinator }),
  });
  parts.defer(() => edge.close());
  count = sagaMetrics(edge.metrics, database);

  await bus.consume("saga", (message) => coordinator.handle(message));
  relay.start();
  loop.start();
  context.onListening("saga", edge.url);
}
