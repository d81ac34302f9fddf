/** Routes of the queue service. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import {
  clientQuery,
  eventParams,
  journal,
  journalQuery,
  place,
  queueTicketHeader,
  settings,
  settingsBody,
  stats,
  status,
  validatePassQuery,
} from "../common/contracts/queue.ts";
import { problem } from "../common/contracts/shared.ts";
import { Problem } from "../common/errors.ts";
import { actingClient, type EdgeApp } from "../common/http/edge.ts";
import type { TokenVerifier } from "../common/http/tokens.ts";
import { seam } from "../common/seams.ts";
import { mustBeInLine, statusOf } from "./replies.ts";
import type { PositionStreams } from "./streams/position-streams.ts";
import { streamRoute } from "./streams/stream.http.ts";
import type { ClientRef } from "./waiting-room-store.ts";
import type { JoinAnswer, WaitingRooms } from "./waiting-rooms.ts";

export interface QueueRoutes {
  readonly rooms: WaitingRooms;
  readonly streams: PositionStreams;
  readonly verifier: TokenVerifier;
  readonly serviceCredential: string | undefined;
  /** Names one redemption. */
  readonly newKey: () => string;
}

const security = [{ bearer: [] }];
const OVERLOADED_SECONDS = 5;

export function queueRoutes(app: EdgeApp, routes: QueueRoutes): void {
  clientRoutes(app, routes);
  streamRoute(app, routes);
  gateRoute(app, routes);
  operatorRoutes(app, routes);
}

function clientRoutes(app: EdgeApp, { rooms }: QueueRoutes): void {
  const answer = seam("queue.status", statusOf);
  app.post(
    "/queue/:eventId/enqueue",
    {
      schema: {
        summary: "Join the line",
        description:
          "Joining again while waiting keeps the place. X-Queue-Ticket, from an earlier join, brings back a place that was lost without leaving.",
        security,
        params: eventParams,
        querystring: clientQuery,
        headers: queueTicketHeader,
        response: { 200: place, 404: problem, 409: problem, 503: problem },
      },
    },
    async (request) => {
      const client = clientOf(request, request.params.eventId, request.query.clientId);
      return placeOf(await rooms.join(client, request.headers["x-queue-ticket"]));
    },
  );

  app.get(
    "/queue/:eventId/status",
    {
      // Asked far more often than anything else, and answered by `statusOf` alone: what it makes
      // is not checked once more.
      serializerCompiler: () => JSON.stringify,
      schema: {
        summary: "Position, and the pass once it is there",
        description:
          "A sign of life. Ask again after pollAfterSeconds. X-Queue-Ticket brings a place back that was lost without leaving; it never makes a new one.",
        security,
        params: eventParams,
        querystring: clientQuery,
        headers: queueTicketHeader,
        response: { 200: status, 404: problem },
      },
    },
    async (request) => {
      const client = clientOf(request, request.params.eventId, request.query.clientId);
      const ticket = request.headers["x-queue-ticket"];
      return answer(mustBeInLine(await rooms.poll(client, ticket)));
    },
  );

  app.delete(
    "/queue/:eventId",
    {
      schema: {
        summary: "Leave the line",
        description: "Gives up the place, or the pass that is not spent. Leaving twice is fine.",
        security,
        params: eventParams,
        querystring: clientQuery,
      },
    },
    async (request, reply) => {
      const client = clientOf(request, request.params.eventId, request.query.clientId);
      await rooms.leave(client);
      return reply.status(204).send();
    },
  );
}

/** For other services and administrators; everything inside the cluster uses `queue.redeemPass`. */
function gateRoute(app: EdgeApp, routes: QueueRoutes): void {
  const check = seam("queue.gatekeeper", checkGatekeeper);
  app.post(
    "/queue/:eventId/validate-pass-token",
    {
      config: { access: "public" },
      onRequest: (request) => check(request, routes),
      schema: {
        summary: "Spend a pass",
        description: "For administrators, or with the header X-Service-Credential.",
        security,
        params: eventParams,
        querystring: validatePassQuery,
        response: { 200: z.boolean(), 401: problem, 403: problem },
      },
    },
    async (request, reply) => {
      const { eventId } = request.params;
      const redemptionKey = routes.newKey();
      const answer = await routes.rooms.redeem({ eventId, ...request.query, redemptionKey });
      // Fastify would send a bare boolean as text.
      return reply.type("application/json; charset=utf-8").send(answer.result === "redeemed");
    },
  );
}

function operatorRoutes(app: EdgeApp, { rooms }: QueueRoutes): void {
  app.get(
    "/queue/:eventId/stats",
    {
      config: { access: "admin" },
      schema: {
        summary: "The waiting room in numbers",
        description:
          "waiting: in line, present or not. active: holding a pass that is neither spent nor expired.",
        security,
        params: eventParams,
        response: { 200: stats, 404: problem },
      },
    },
    async (request) => {
      const found = await rooms.stats(request.params.eventId);
      if (!found) throw noSuchEvent();
      return found;
    },
  );

  app.get(
    "/queue/:eventId/settings",
    {
      config: { access: "admin" },
      schema: {
        summary: "What the waiting room is set to",
        security,
        params: eventParams,
        response: { 200: settings, 404: problem },
      },
    },
    async (request) => {
      const found = await rooms.readSettings(request.params.eventId);
      if (!found) throw noSuchEvent();
      return found;
    },
  );

  app.patch(
    "/queue/:eventId/settings",
    {
      config: { access: "admin" },
      schema: {
        summary: "Change the admission rate, pause, resume, drain; live",
        description: "While draining nobody new is let into the line; those in it are served.",
        security,
        params: eventParams,
        body: settingsBody,
        response: { 200: settings, 404: problem },
      },
    },
    async (request) => {
      const changed = await rooms.changeSettings(request.params.eventId, request.body);
      if (!changed) throw noSuchEvent();
      return changed;
    },
  );

  app.get(
    "/queue/:eventId/journal",
    {
      config: { access: "admin" },
      schema: {
        summary: "The record of admissions, oldest first, a page at a time",
        description: "By the clock that admits, as far back as it is kept; ask again with next.",
        security,
        params: eventParams,
        querystring: journalQuery,
        response: { 200: journal, 404: problem },
      },
    },
    async (request) => {
      const found = await rooms.journal(request.params.eventId, request.query);
      if (!found) throw noSuchEvent();
      return found;
    },
  );
}

function clientOf(
  request: FastifyRequest,
  eventId: number,
  clientId: string | undefined,
): ClientRef {
  return { eventId, clientId: actingClient(request, clientId) };
}

function placeOf(answer: JoinAnswer) {
  switch (answer.result) {
    case "inLine":
      return answer.place;
    case "noSuchEvent":
      throw noSuchEvent();
    case "closed":
      throw new Problem("SALE_NOT_OPEN", CLOSED[answer.because]);
    case "full":
      throw new Problem("OVERLOADED", "the waiting room is full", {
        retryAfterSeconds: OVERLOADED_SECONDS,
      });
    case "wrongTicket": {
      const detail = `headers.x-queue-ticket: ${answer.because}`;
      const errors = [{ path: "headers.x-queue-ticket", message: answer.because }];
      throw new Problem("VALIDATION_FAILED", detail, { errors });
    }
  }
}

const CLOSED = {
  notBegun: "joining begins shortly before the sale does",
  ended: "the sale has ended",
  cancelled: "the event is cancelled",
  draining: "the line takes nobody new any more",
  noPlace: "the ticket brings no place back",
} as const;

function noSuchEvent(): Problem {
  return new Problem("NOT_FOUND", "there is no such event");
}

/** The route's own check, before validation, because a caller need not be a person. */
async function checkGatekeeper(request: FastifyRequest, routes: QueueRoutes): Promise<void> {
  const credential = request.headers["x-service-credential"];
  if (credential !== undefined) {
    if (typeof credential === "string" && isSame(credential, routes.serviceCredential)) return;
    throw new Problem("UNAUTHENTICATED", "X-Service-Credential is wrong");
  }
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const checked = token === undefined ? undefined : await routes.verifier.verify(token);
  if (checked?.ok) {
    if (checked.principal.role === "ADMIN") return;
    throw new Problem("FORBIDDEN", "services and administrators only");
  }
  if (checked?.because === "keysUnavailable") {
    throw new Problem("UNAVAILABLE", "tokens cannot be verified now", { retryAfterSeconds: 1 });
  }
  throw new Problem("UNAUTHENTICATED", "send X-Service-Credential or an administrator's token");
}

/** In constant time: digests are compared, so not even the length shows. */
function isSame(given: string, credential: string | undefined): boolean {
  if (credential === undefined) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(credential));
}
