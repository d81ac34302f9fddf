/** The payment service's routes. */
import { z } from "zod";
import {
  type Payment,
  type ProviderBehaviour,
  payment,
  paymentLedger,
  paymentLedgerQuery,
  paymentParams,
  paymentsQuery,
  providerBehaviour,
  providerBehaviourBody,
} from "../common/contracts/payment.ts";
import { problem } from "../common/contracts/shared.ts";
import type { Database } from "../common/database.ts";
import { Problem } from "../common/errors.ts";
import { type EdgeApp, principalOf } from "../common/http/edge.ts";
import type { Principal } from "../common/http/tokens.ts";
import { numberFromCents } from "../common/money.ts";
import { ledgerPage } from "./payment-ledger.ts";
import { paymentById, paymentsByReservation, type StoredPayment } from "./payment-store.ts";
import type { SimulatedProvider } from "./simulated-provider.ts";

export interface PaymentRoutesOptions {
  readonly database: Database;
  readonly provider: SimulatedProvider;
  /** Tells every process of the service how the provider behaves from now on. */
  readonly onBehaviour: (behaviour: ProviderBehaviour) => void;
}

const security = [{ bearer: [] }];
const refused = { 400: problem, 401: problem };

export function paymentRoutes(app: EdgeApp, options: PaymentRoutesOptions): void {
  readingRoutes(app, options);
  adminRoutes(app, options);
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
      return found.filter((one) => maySee(principalOf(request), one)).map(shown);
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
      return shown(found);
    },
  );
}

function adminRoutes(app: EdgeApp, options: PaymentRoutesOptions): void {
  const { database, provider } = options;
  const config = { access: "admin" } as const;
  const answers = { ...refused, 403: problem };
  app.get(
    "/api/admin/provider",
    {
      config,
      schema: {
        summary: "How the simulated payment provider behaves",
        security,
        response: { 200: providerBehaviour, ...answers },
      },
    },
    async () => provider.behaviour,
  );
  app.patch(
    "/api/admin/provider",
    {
      config,
      schema: {
        summary: "Changes how the simulated payment provider behaves",
        description: "Holds for calls that begin after it, until the service restarts.",
        security,
        body: providerBehaviourBody,
        response: { 200: providerBehaviour, ...answers },
      },
    },
    async (request) => {
      const behaviour = changedBehaviour(provider.behaviour, request.body);
      provider.behave(behaviour);
      options.onBehaviour(behaviour);
      return behaviour;
    },
  );
  app.get(
    "/api/admin/ledger",
    {
      config,
      schema: {
        summary: "Payments beside the provider's own statement",
        description:
          "`limit` counts reservations: all rows of one stand on one page. Go on after `nextAfter` until it is null.",
        security,
        querystring: paymentLedgerQuery,
        response: { 200: paymentLedger, ...answers },
      },
    },
    (request) => ledgerPage(database, provider, request.query),
  );
}

/** @throws Problem VALIDATION_FAILED when the latencies contradict each other. */
function changedBehaviour(
  before: ProviderBehaviour,
  change: z.infer<typeof providerBehaviourBody>,
): ProviderBehaviour {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const behaviour: ProviderBehaviour = { ...before, ...Object.fromEntries(given) };
  if (behaviour.minLatencyMs > behaviour.maxLatencyMs) {
    const message = `must not exceed maxLatencyMs, which is ${behaviour.maxLatencyMs}`;
    throw new Problem("VALIDATION_FAILED", `body.minLatencyMs: ${message}`, {
      errors: [{ path: "body.minLatencyMs", message }],
    });
  }
  return behaviour;
}

function maySee(principal: Principal, found: StoredPayment): boolean {
  return principal.role === "ADMIN" || principal.userId === found.userId;
}

function shown(found: StoredPayment): Payment {
  const { id, sagaId, reservationId, userId, status, transactionId, failureReason } = found;
  return {
    id,
    sagaId,
    reservationId,
    userId,
    amount: numberFromCents(found.amountCents),
    status,
    transactionId,
    failureReason,
    createdAt: found.createdAt,
    completedAt: found.completedAt,
  };
}
