/** The payment service's routes. */
import { z } from "zod";
import { payment, paymentParams, paymentsQuery } from "../common/contracts/payment.ts";
import { problem } from "../common/contracts/shared.ts";
import { Problem } from "../common/errors.ts";
import { type EdgeApp, principalOf } from "../common/http/edge.ts";
import type { Principal } from "../common/http/tokens.ts";
import { type PaymentAdminOptions, paymentAdminRoutes } from "./payment-admin.http.ts";
import { paymentById, paymentsByReservation, type StoredPayment } from "./payment-store.ts";
import { shownPayment } from "./payment-view.ts";
import { stripeWebhookRoute } from "./stripe/stripe-webhook.http.ts";

export interface PaymentRoutesOptions extends PaymentAdminOptions {
  /** After the commit of a change that leaves work for the worker. */
  readonly onWork: () => void;
}

const security = [{ bearer: [] }];
const refused = { 400: problem, 401: problem };

export function paymentRoutes(app: EdgeApp, options: PaymentRoutesOptions): void {
  readingRoutes(app, options);
  paymentAdminRoutes(app, options);
  const { database, opened, clock, onWork } = options;
  if (opened.kind === "stripe") {
    stripeWebhookRoute(app, { database, secret: opened.webhookSecret, clock, onWork });
  }
}

function readingRoutes(app: EdgeApp, { database }: PaymentRoutesOptions): void {
  app.get(
    "/api/payments",
    {
      schema: {
        summary: "The payments of a reservation",
        description: "The caller's own, or anybody's for an administrator; else an empty list.",
        security,
        querystring: paymentsQuery,
        response: { 200: z.array(payment), ...refused },
      },
    },
    async (request) => {
      const { reservationId } = request.query;
      const range = { after: reservationId - 1, until: reservationId };
      const found = await paymentsByReservation(database, range);
      return found.filter((one) => maySee(principalOf(request), one)).map(shownPayment);
    },
  );
  app.get(
    "/api/payments/:id",
    {
      schema: {
        summary: "A payment",
        description: "For its owner and administrators; anybody else gets 404.",
        security,
        params: paymentParams,
        response: { 200: payment, ...refused, 404: problem },
      },
    },
    async (request) => {
      const found = await paymentById(database, request.params.id);
      // A stranger's payment and one that is not there look the same.
      if (!found || !maySee(principalOf(request), found)) {
        throw new Problem("NOT_FOUND", "there is no such payment");
      }
      return shownPayment(found);
    },
  );
}

function maySee(principal: Principal, found: StoredPayment): boolean {
  return principal.role === "ADMIN" || principal.userId === found.userId;
}
