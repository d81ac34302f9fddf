/** What a consuming service tells Prometheus of its messages, on their way out and in. */
import type { ServiceName } from "../contracts/names.ts";
import type { DeadLetters } from "../dead-letters/dead-letters.ts";
import type { EdgeMetrics } from "../http/metrics.ts";
import type { OutboxRelay } from "../outbox/outbox-relay.ts";
import type { Bus } from "./bus.ts";

export interface MessageParts {
  readonly service: ServiceName;
  readonly bus: Bus;
  readonly relay: Pick<OutboxRelay, "resent">;
  readonly letters: Pick<DeadLetters, "count">;
}

export function watchMessages(metrics: EdgeMetrics, parts: MessageParts): void {
  const { service, bus, relay, letters } = parts;
  metrics.gauge("dead_letters", "Messages that this service could not handle.", () =>
    letters.count(),
  );
  metrics.gauge("outbox_resent", "Messages sent again because the bus had lost them.", () => {
    return relay.resent;
  });
  const { figures } = bus;
  if (!figures) return;
  metrics.gauge(
    "bus_publishes_unacknowledged",
    "Messages of this process that the bus has not answered for yet.",
    () => figures.unacknowledged,
  );
  metrics.gauge(
    "bus_redeliveries",
    "Deliveries to this process that were not the first of their message.",
    () => figures.redeliveries,
  );
  metrics.gauge("bus_waiting", "Messages for this service that the bus keeps.", () =>
    figures.waiting(service),
  );
}
