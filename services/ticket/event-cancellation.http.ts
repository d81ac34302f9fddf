/** Routes that cancel an event, and show how far its reservations are settled. */
import { idParams } from "../common/contracts/shared.ts";
import { cancellation, cancellationProgress } from "../common/contracts/ticket.ts";
import type { Database } from "../common/database.ts";
import { Problem } from "../common/errors.ts";
import type { EdgeApp } from "../common/http/edge.ts";
import { findEvent, markEventCancelled } from "./catalogue-store.ts";
import { cancellationOf, compensationProgress } from "./compensation-store.ts";
import { problems } from "./problem-answers.ts";

export interface CancellationRoutes {
  readonly database: Database;
  /** Told after a change of an event was committed. */
  readonly onEventChanged: (eventId: number) => void;
  /** Told after an event's cancellation was committed. */
  readonly onEventCancelled: () => void;
}

const ADMIN = { access: "admin" } as const;
const security = [{ bearer: [] }];

export function cancellationRoutes(app: EdgeApp, deps: CancellationRoutes): void {
  cancelEvents(app, deps);
  showProgress(app, deps);
}

function cancelEvents(app: EdgeApp, deps: CancellationRoutes): void {
  const { database } = deps;
  app.post(
    "/api/events/:id/cancel",
    {
      config: ADMIN,
      schema: {
        summary: "Cancel an event for good",
        description:
          "Ends the sale at once; all live reservations are cancelled and refunded in the " +
          "background. Repeating the call changes nothing and answers the progress.",
        security,
        params: idParams,
        response: {
          200: cancellation,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND"),
        },
      },
    },
    async (request) => {
      const { id } = request.params;
      if (!(await database.transaction((tx) => markEventCancelled(tx, id)))) throw noSuchEvent();
      deps.onEventChanged(id);
      deps.onEventCancelled();
      const event = await findEvent(database, id);
      if (!event) throw noSuchEvent();
      return { event, ...(await compensationProgress(database, id)) };
    },
  );
}

function showProgress(app: EdgeApp, { database }: CancellationRoutes): void {
  app.get(
    "/api/events/:id/cancellation",
    {
      config: ADMIN,
      schema: {
        summary: "How far a cancelled event is settled",
        description:
          "Of the reservations that its cancellation found live: how many are cancelled. Each is " +
          "refunded by its own saga from then on. INVALID_STATE: the event is not cancelled.",
        security,
        params: idParams,
        response: {
          200: cancellationProgress,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "FORBIDDEN"),
          ...problems("NOT_FOUND", "INVALID_STATE"),
        },
      },
    },
    async (request) => {
      const found = await cancellationOf(database, request.params.id);
      if (!found) throw noSuchEvent();
      const { requestedAt, settledAt, cancelled, remaining } = found;
      if (requestedAt === null) throw new Problem("INVALID_STATE", "the event is not cancelled");
      const done = settledAt !== null;
      return { requestedAt, total: cancelled + remaining, cancelled, remaining, done, settledAt };
    },
  );
}

const noSuchEvent = () => new Problem("NOT_FOUND", "no such event");
