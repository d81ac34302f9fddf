/** The saga coordinator's routes: looking at sagas, and asking again. */
import { z } from "zod";
import {
  openSagas,
  saga,
  sagaLedger,
  sagaLedgerQuery,
  sagaParams,
  sagaSummary,
  sagasQuery,
} from "../common/contracts/saga.ts";
import { problem } from "../common/contracts/shared.ts";
import type { Database } from "../common/database.ts";
import { Problem } from "../common/errors.ts";
import { type EdgeApp, principalOf } from "../common/http/edge.ts";
import { unsentOf } from "../common/outbox/outbox-store.ts";
import type { Coordinator } from "./coordinator.ts";
import { countOpen, listSagas, oldestOpen, readLedger, readSaga } from "./saga-store.ts";
import { ledgerOf, openOf, sagaOf, summaryOf } from "./saga-view.ts";

export interface SagaDesk {
  readonly database: Database;
  readonly coordinator: Pick<Coordinator, "retry">;
}

const security = [{ bearer: [] }];
const refusals = { 400: problem, 401: problem };
const admin = { access: "admin" } as const;

export function sagaRoutes(app: EdgeApp, desk: SagaDesk): void {
  readRoutes(app, desk);
  openRoute(app, desk);
  retryRoute(app, desk);
}

function readRoutes(app: EdgeApp, { database }: SagaDesk): void {
  app.get(
    "/api/sagas/:sagaId",
    {
      schema: {
        summary: "One saga and its timeline",
        description: "For the reservation's owner and administrators; anyone else gets 404.",
        security,
        params: sagaParams,
        response: { 200: saga, ...refusals, 404: problem },
      },
    },
    async (request) => {
      const { userId, role } = principalOf(request);
      const found = await readSaga(database, request.params.sagaId);
      if (!found || (role !== "ADMIN" && found.booking.userId !== userId)) throw noSuchSaga();
      return sagaOf(found, await unsentOf(database, found.booking.sagaId));
    },
  );

  app.get(
    "/api/sagas",
    {
      config: admin,
      schema: {
        summary: "Sagas, by reservation",
        description:
          "Administrators only. `olderThan` finds what hangs: sagas whose state changed last " +
          "before that instant; `overdue=true` those that somebody should look at. The next page begins after the last reservation of this one.",
        security,
        querystring: sagasQuery,
        response: { 200: z.array(sagaSummary), ...refusals, 403: problem },
      },
    },
    async (request) => {
      const {
        state,
        olderThan,
        overdue,
        reservationId,
        afterReservation = 0,
        limit,
      } = request.query;
      const changedBeforeMs = olderThan === undefined ? undefined : Date.parse(olderThan);
      const overdueOnly = overdue !== undefined;
      const page = { afterReservation, limit };
      const filter = { state, changedBeforeMs, overdueOnly, reservationId, ...page };
      return (await listSagas(database, filter)).map(summaryOf);
    },
  );

  app.get(
    "/api/admin/ledger",
    {
      config: admin,
      schema: {
        summary: "The books: every saga's state",
        description: "Administrators only. By reservation id; repeat with `nextAfter` until null.",
        security,
        querystring: sagaLedgerQuery,
        response: { 200: sagaLedger, ...refusals, 403: problem },
      },
    },
    async (request) => {
      const sagas = await readLedger(database, request.query);
      return ledgerOf([...sagas], request.query.limit);
    },
  );
}

function openRoute(app: EdgeApp, { database }: SagaDesk): void {
  app.get(
    "/api/admin/sagas/open",
    {
      config: admin,
      schema: {
        summary: "What has not ended, in numbers",
        description: "Administrators only. And the saga whose state changed longest ago.",
        security,
        response: { 200: openSagas, ...refusals, 403: problem },
      },
    },
    async () => openOf(await countOpen(database), await oldestOpen(database)),
  );
}

function retryRoute(app: EdgeApp, { database, coordinator }: SagaDesk): void {
  app.post(
    "/api/sagas/:sagaId/retry",
    {
      config: admin,
      schema: {
        summary: "Ask again, now",
        description:
          "Administrators only. Repeats the question the saga waits on; harmless at any time, " +
          "because nothing is charged, refunded or given back twice. Deadlines stay as they are.",
        security,
        params: sagaParams,
        response: { 200: saga, ...refusals, 403: problem, 404: problem, 409: problem },
      },
    },
    async (request) => {
      const { sagaId } = request.params;
      const result = await coordinator.retry(sagaId);
      if (result.outcome === "notFound") throw noSuchSaga();
      if (result.outcome === "ended") {
        throw new Problem(
          "INVALID_STATE",
          `the saga is ${result.state}: there is nothing to ask again`,
        );
      }
      const found = await readSaga(database, sagaId);
      if (!found) throw noSuchSaga();
      return sagaOf(found, await unsentOf(database, sagaId));
    },
  );
}

function noSuchSaga(): Problem {
  return new Problem("NOT_FOUND", "there is no such saga");
}
