/** What the ticket service counts, and shows at its edge. */
import type { Database } from "../common/database.ts";
import type { Edge } from "../common/http/edge.ts";
import { countUnsent } from "../common/outbox/outbox-store.ts";
import { countOverdue } from "./hold-expiry.ts";
import type { TicketRoutes } from "./ticket.http.ts";

/** Filled in once there is an edge to show metrics on. */
export interface Counting {
  purchase: TicketRoutes["onPurchase"];
  lostPass: () => void;
  expired: (holds: number) => void;
  routed: (where: "own" | "owner" | "instead") => void;
}

export function countNothing(): Counting {
  return { purchase: () => {}, lostPass: () => {}, expired: () => {}, routed: () => {} };
}

/** From now on what is counted is seen at the edge. */
export function watchTicket(
  { metrics }: Edge,
  database: Database,
  count: Counting,
  holdSeconds: number,
): void {
  const purchases = metrics.counter("reservations_total", "Requests to buy by how they ended.", [
    "outcome",
  ]);
  const lost = metrics.counter("passes_lost_total", "Passes that could not be given back.");
  // passInvalid → pass_invalid, OUT_OF_STOCK → out_of_stock
  const label = (outcome: string) => outcome.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
  count.purchase = (outcome) => purchases.inc({ outcome: label(outcome) });
  count.lostPass = () => lost.inc();
  const routes = metrics.counter(
    "reservations_routed_total",
    "With ROUTE_BY_PRODUCT: decided as its owner, by its owner, or here instead of its owner.",
    ["where"],
  );
  count.routed = (where) => routes.inc({ where });
  const expired = metrics.counter("holds_expired_total", "Reservations held for too long.");
  count.expired = (holds) => expired.inc(holds);
  metrics.gauge(
    "holds_overdue",
    "Holds that ran out and are not released yet; 4,000 at most.",
    () => countOverdue(database, holdSeconds).catch(() => Number.NaN),
  );
  metrics.gauge("outbox_backlog", "Messages that nobody has taken over yet.", () =>
    // Metrics are wanted most when something is wrong: no database, no number, but an answer.
    countUnsent(database).catch(() => Number.NaN),
  );
}
