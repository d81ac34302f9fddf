/** All routes of the ticket service. */
import type { EdgeApp } from "../common/http/edge.ts";
import { type CatalogueRoutes, catalogueRoutes } from "./catalogue.http.ts";
import { type ReservationRoutes, reservationRoutes } from "./reservation.http.ts";

export type TicketRoutes = CatalogueRoutes & ReservationRoutes;

export function ticketRoutes(app: EdgeApp, deps: TicketRoutes): void {
  catalogueRoutes(app, deps);
  reservationRoutes(app, deps);
}
