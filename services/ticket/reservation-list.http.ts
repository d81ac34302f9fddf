/** Routes for administrators: everybody's reservations, and the books of an event. */
import { z } from "zod";
import {
  listedReservation,
  reservationsQuery,
  ticketLedger,
  ticketLedgerQuery,
} from "../common/contracts/ticket.ts";
import type { Database } from "../common/database.ts";
import { Problem } from "../common/errors.ts";
import type { EdgeApp } from "../common/http/edge.ts";
import { readLedger } from "./ledger-store.ts";
import { problems } from "./problem-answers.ts";
import { bodyOf } from "./reservation.http.ts";
import { listReservations } from "./reservation-list-store.ts";

const ADMIN = { access: "admin" } as const;
const security = [{ bearer: [] }];

export function reservationListRoutes(
  app: EdgeApp,
  { database }: { readonly database: Database },
): void {
  app.get(
    "/api/reservations",
    {
      config: ADMIN,
      schema: {
        summary: "Everybody's reservations, by id",
        description: "Administrators only. At most `limit`, with ids above `after`.",
        security,
        querystring: reservationsQuery,
        response: {
          200: z.array(listedReservation),
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "FORBIDDEN"),
        },
      },
    },
    async (request) => {
      const found = await listReservations(database, request.query);
      return found.map((one) => {
        const { eventId, cancelReason } = one;
        return { ...bodyOf(one), eventId, cancelReason };
      });
    },
  );
  app.get(
    "/api/admin/ledger",
    {
      config: ADMIN,
      schema: {
        summary: "The books of an event",
        description:
          "Each product's stock, and up to `limit` reservations with ids above " +
          "`afterReservation`, all of one instant. `limit=0`: the stock alone.",
        security,
        querystring: ticketLedgerQuery,
        response: {
          200: ticketLedger,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND"),
        },
      },
    },
    async (request) => {
      const ledger = await readLedger(database, request.query);
      if (!ledger) throw new Problem("NOT_FOUND", "no such event");
      return ledger;
    },
  );
}
