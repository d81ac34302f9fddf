/** The payment service's routes for administrators: the list, the books, the comparison, the simulated provider. */
import type { z } from "zod";
import { type Clock, instant } from "../common/clock.ts";
import {
  type ProviderBehaviour,
  paymentLedger,
  paymentLedgerQuery,
  paymentList,
  paymentListQuery,
  providerBehaviour,
  providerBehaviourBody,
  reconciliation,
  reconciliationQuery,
} from "../common/contracts/payment.ts";
import { problem } from "../common/contracts/shared.ts";
import type { Database } from "../common/database.ts";
import { Problem } from "../common/errors.ts";
import type { EdgeApp } from "../common/http/edge.ts";
import type { OpenedProvider } from "./open-provider.ts";
import { ledgerPage } from "./payment-ledger.ts";
import { newestPayments } from "./payment-store.ts";
import { shownPayment } from "./payment-view.ts";
import type { Period } from "./provider.ts";
import { reconcilePage, StatementUnavailable } from "./reconciliation.ts";
import type { SimulatedProvider } from "./simulated-provider.ts";

export interface PaymentAdminOptions {
  readonly database: Database;
  readonly opened: OpenedProvider;
  readonly clock: Clock;
  /** Tells every process of the service how the simulated provider behaves from now on. */
  readonly onBehaviour: (behaviour: ProviderBehaviour) => void;
}

const DAY_MS = 86_400_000;
/** Before the patience of `reservex` (30 s) ends. */
const RECONCILE_MS = 25_000;

const config = { access: "admin" } as const;
const security = [{ bearer: [] }];
const answers = { 400: problem, 401: problem, 403: problem };

export function paymentAdminRoutes(app: EdgeApp, options: PaymentAdminOptions): void {
  listRoute(app, options);
  reconciliationRoute(app, options);
  ledgerRoute(app, options);
  simulatedProviderRoutes(app, options);
}

function listRoute(app: EdgeApp, { database }: PaymentAdminOptions): void {
  app.get(
    "/api/admin/payments",
    {
      config,
      schema: {
        summary: "The newest payments that fit",
        security,
        querystring: paymentListQuery,
        response: { 200: paymentList, ...answers },
      },
    },
    async (request) => {
      const { limit, ...filter } = request.query;
      return { payments: (await newestPayments(database, filter, limit)).map(shownPayment) };
    },
  );
}

function reconciliationRoute(app: EdgeApp, options: PaymentAdminOptions): void {
  app.get(
    "/api/admin/reconciliation",
    {
      config,
      schema: {
        summary: "Our payments compared with the provider's statement, every difference named",
        description:
          "A page at a time: go on with `since` = `next` and the same `until`, until `next` is null.",
        security,
        querystring: reconciliationQuery,
        response: { 200: reconciliation, ...answers, 503: problem },
      },
    },
    async (request) => {
      const period = periodOf(request.query, options.clock);
      const signal = AbortSignal.timeout(RECONCILE_MS);
      try {
        return await reconcilePage(options.database, options.opened.provider, period, signal);
      } catch (error) {
        if (!(error instanceof StatementUnavailable)) throw error;
        throw new Problem("UNAVAILABLE", error.message, { retryAfterSeconds: 5 });
      }
    },
  );
}

/** @throws Problem VALIDATION_FAILED for a period that ends before it begins */
function periodOf(query: z.infer<typeof reconciliationQuery>, clock: Clock): Period {
  const until = query.until ?? instant(clock.now());
  const since = query.since ?? instant(Date.parse(until) - DAY_MS);
  if (Date.parse(since) < Date.parse(until)) return { since, until };
  const message = `must be before until, which is ${until}`;
  throw new Problem("VALIDATION_FAILED", `query.since: ${message}`, {
    errors: [{ path: "query.since", message }],
  });
}

function ledgerRoute(app: EdgeApp, { database, opened }: PaymentAdminOptions): void {
  app.get(
    "/api/admin/ledger",
    {
      config,
      schema: {
        summary: "Payments beside the simulated provider's own books",
        description:
          "`limit` counts reservations: all rows of one stand on one page. Go on after `nextAfter` until it is null.",
        security,
        querystring: paymentLedgerQuery,
        response: { 200: paymentLedger, ...answers, 409: problem },
      },
    },
    (request) => ledgerPage(database, simulated(opened), request.query),
  );
}

function simulatedProviderRoutes(app: EdgeApp, options: PaymentAdminOptions): void {
  app.get(
    "/api/admin/provider",
    {
      config,
      schema: {
        summary: "How the simulated payment provider behaves",
        security,
        response: { 200: providerBehaviour, ...answers, 409: problem },
      },
    },
    async () => simulated(options.opened).behaviour,
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
        response: { 200: providerBehaviour, ...answers, 409: problem },
      },
    },
    async (request) => {
      const provider = simulated(options.opened);
      const behaviour = changedBehaviour(provider.behaviour, request.body);
      provider.behave(behaviour);
      options.onBehaviour(behaviour);
      return behaviour;
    },
  );
}

/** @throws Problem INVALID_STATE where another provider takes the money */
function simulated(opened: OpenedProvider): SimulatedProvider {
  if (opened.kind === "simulated") return opened.provider;
  throw new Problem(
    "INVALID_STATE",
    `payments go through ${opened.kind} here (PAYMENT_PROVIDER), not the simulated provider; compare books at /api/admin/reconciliation`,
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
