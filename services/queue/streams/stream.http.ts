/** The route of the streams: who may open one, and with what it begins. */
import { z } from "zod";
import { clientQuery, eventParams, queueTicketHeader } from "../../common/contracts/queue.ts";
import { problem } from "../../common/contracts/shared.ts";
import { Problem } from "../../common/errors.ts";
import { actingClient, type EdgeApp } from "../../common/http/edge.ts";
import { mustBeInLine } from "../replies.ts";
import type { ClientRef } from "../waiting-room-store.ts";
import type { WaitingRooms } from "../waiting-rooms.ts";
import type { PositionStreams } from "./position-streams.ts";
import { lastEventId, newsId } from "./server-sent.ts";

export interface StreamRoutes {
  readonly rooms: Pick<WaitingRooms, "poll">;
  readonly streams: PositionStreams;
}

const FULL_SECONDS = 5;

/** Not validated: one that does not fit is ignored, so that no client is locked out by it. */
const streamHeaders = queueTicketHeader.extend({ "last-event-id": z.string().optional() });

export function streamRoute(app: EdgeApp, { rooms, streams }: StreamRoutes): void {
  app.get(
    "/queue/:eventId/stream",
    {
      config: { longLived: true },
      schema: {
        summary: "Server-sent events: position on change, pass once, then the end",
        description:
          "The data of each event is the body of the status route. Counts as polling. With Last-Event-ID a stream goes on where another ended; with X-Queue-Ticket a place that was lost without leaving comes back.",
        security: [{ bearer: [] }],
        params: eventParams,
        querystring: clientQuery,
        headers: streamHeaders,
        response: {
          200: z.string().describe("text/event-stream"),
          204: z.null().describe("The pass of Last-Event-ID still holds: do not connect again"),
          404: problem,
          429: problem,
          503: problem,
        },
      },
    },
    async (request, reply) => {
      const { eventId } = request.params;
      const client = { eventId, clientId: actingClient(request, request.query.clientId) };
      mustBeOpenable(streams, client);
      const queueTicket = request.headers["x-queue-ticket"];
      const first = mustBeInLine(await rooms.poll(client, queueTicket));
      const seen = lastEventId(request.headers["last-event-id"]);
      if (first.result === "admitted" && seen === newsId(eventId, first)) {
        // A browser connects again after every other end; this answer stops it.
        return reply.status(204).send(null);
      }
      // Others may have come during the poll; from here on nothing is awaited.
      mustBeOpenable(streams, client);
      reply.hijack();
      const { raw: response } = reply;
      if (response.destroyed) return;
      streams.open({ client, queueTicket, lastEventId: seen, response }, first);
    },
  );
}

/** @throws Problem RATE_LIMITED or OVERLOADED */
function mustBeOpenable(streams: PositionStreams, client: ClientRef): void {
  const retry = { retryAfterSeconds: FULL_SECONDS };
  switch (streams.opening(client)) {
    case "mayOpen":
      return;
    case "tooMany":
      throw new Problem("RATE_LIMITED", "this client has enough streams open", retry);
    case "full":
      throw new Problem("OVERLOADED", "no more streams; poll the status instead", retry);
  }
}
