/** All routes of the ticket service. */
import type { EdgeApp } from "../common/http/edge.ts";
import { type CatalogueRoutes, catalogueRoutes } from "./catalogue.http.ts";
import { type CancellationRoutes, cancellationRoutes } from "./event-cancellation.http.ts";
import { type ReservationRoutes, reservationRoutes } from "./reservation.http.ts";
import { reservationListRoutes } from "./reservation-list.http.ts";

export type TicketRoutes = CatalogueRoutes & CancellationRoutes & ReservationRoutes;

export function ticketRoutes(app: EdgeApp, deps: TicketRoutes): void {
  catalogueRoutes(app, deps);
  cancellationRoutes(app, deps);
  reservationRoutes(app, deps);
  reservationListRoutes(app, deps);
}
