/** What the coordinator tells Prometheus. */
import type { Database } from "../common/database.ts";
import type { EdgeMetrics } from "../common/http/metrics.ts";
import { countUnsent } from "../common/outbox/outbox-store.ts";
import { countOpen, type OpenCounts } from "./saga-store.ts";
import type { Step } from "./step.ts";

/**
 * Registers the metrics; gauges speak for the whole database, counters for this process.
 * Ended sagas are counted as they end, never in the table: it grows for ever.
 * @returns what is to be told of every committed step.
 */
export function sagaMetrics(metrics: EdgeMetrics, database: Database): (step: Step) => void {
  watchOpen(metrics, database);
  metrics.gauge("outbox_unsent", "Messages not yet taken over by the bus.", () =>
    orNaN(countUnsent(database)),
  );
  const started = metrics.counter("sagas_started_total", "Sagas begun.");
  const completed = metrics.counter("sagas_completed_total", "Sagas that reached COMPLETED.");
  const compensated = metrics.counter(
    "sagas_compensated_total",
    "Times a saga reached COMPENSATED; twice for one whose money came late.",
  );
  return (step) => {
    if (!step.from) started.inc();
    if (step.changes !== "state") return;
    if (step.to.at === "completed") completed.inc();
    if (step.to.at === "compensated") compensated.inc();
  };
}

function watchOpen(metrics: EdgeMetrics, database: Database): void {
  // All gauges of one reading share one query.
  let counting: Promise<OpenCounts> | undefined;
  const count = () => {
    counting ??= countOpen(database).finally(() => {
      counting = undefined;
    });
    return counting;
  };
  const gauge = (part: keyof OpenCounts, help: string) =>
    metrics.gauge(`sagas_${part}`, help, () => orNaN(count().then((counts) => counts[part])));
  gauge("charging", "Sagas that wait for the payment.");
  gauge("confirming", "Sagas that wait for the confirmation of paid seats.");
  gauge("cancelling", "Sagas that wait for their seats to be given back.");
  gauge("refunding", "Sagas that wait for their money to be given back.");
  gauge("longest_wait_seconds", "Age of the state that an open saga has been in for longest.");
  gauge("overdue", "Open sagas that were asked about several times in vain, or not looked at.");
}

/** Without the database there is no number, but the process' own metrics are still of use. */
function orNaN(reading: Promise<number>): Promise<number> {
  return reading.catch(() => Number.NaN);
}
