/** Routes of reservations: buying, looking, cancelling. */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { idParams, idText, wholeNumberText } from "../common/contracts/shared.ts";
import {
  type Reservation as ReservationBody,
  reservation,
  reserveBody,
  reserveHeaders,
  reserveQuery,
} from "../common/contracts/ticket.ts";
import type { Database } from "../common/database.ts";
import { Problem } from "../common/errors.ts";
import { actingClient, type EdgeApp, principalOf } from "../common/http/edge.ts";
import { LIMITS } from "../common/limits.ts";
import { numberFromCents } from "../common/money.ts";
import { seam } from "../common/seams.ts";
import type { BookingDesk, PurchaseAnswer } from "./booking-desk.ts";
import { problems } from "./problem-answers.ts";
import type { Reservation } from "./reservation.ts";
import { type Changes, cancelForBuyer } from "./reservation-changes.ts";
import { reservationReads } from "./reservation-reads.ts";
import { listOfUser, type Refusal } from "./reservation-store.ts";

export interface ReservationRoutes {
  readonly database: Database;
  readonly desk: Pick<BookingDesk, "buy">;
  readonly changes: Changes;
  /** Counts purchases by how they ended. */
  readonly onPurchase: (outcome: PurchaseAnswer["outcome"] | Refusal) => void;
}

const security = [{ bearer: [] }];

/** Newest first; `before`: with smaller ids only. */
const ownQuery = z.object({
  before: idText.optional(),
  limit: wholeNumberText(1, LIMITS.pageRows).default(LIMITS.pageRows),
});

export function reservationRoutes(app: EdgeApp, deps: ReservationRoutes): void {
  buying(app, deps);
  looking(app, deps);
  cancelling(app, deps);
}

function buying(app: EdgeApp, { desk, onPurchase }: ReservationRoutes): void {
  app.post(
    "/api/reservations",
    {
      schema: {
        summary: "Buy with a pass",
        description:
          "Takes the seats and starts the payment. A refusal leaves the pass usable. With an " +
          "`Idempotency-Key` the same request may be sent again and gets the first reservation, " +
          "also when its pass is spent. 503 UNAVAILABLE: repeat with the same key.",
        security,
        querystring: reserveQuery,
        headers: reserveHeaders,
        body: reserveBody,
        response: {
          201: reservation,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED"),
          ...problems("FORBIDDEN", "PASS_TOKEN_REQUIRED", "PASS_TOKEN_INVALID"),
          ...problems("NOT_FOUND", "UNAVAILABLE"),
          ...problems("OUT_OF_STOCK", "SALE_NOT_OPEN", "PURCHASE_LIMIT", "IDEMPOTENCY_CONFLICT"),
        },
      },
    },
    async (request, reply) => {
      const { eventId, clientId } = request.query;
      const userId = buyerOf(request, clientId);
      const passToken = request.headers["x-pass-token"];
      if (!passToken) throw new Problem("PASS_TOKEN_REQUIRED", "send X-Pass-Token");
      const idempotencyKey = request.headers["idempotency-key"];
      const answer = await desk.buy({
        ...request.body,
        eventId,
        userId,
        passToken,
        idempotencyKey,
      });
      onPurchase(answer.outcome === "refused" ? answer.because : answer.outcome);
      const bought = reservationOf(answer);
      return reply
        .status(201)
        .header("location", `/api/reservations/${bought.id}`)
        .send(bodyOf(bought));
    },
  );
}

function looking(app: EdgeApp, { database }: ReservationRoutes): void {
  const whose = seam("ticket.whose", ownerFilter);
  const read = reservationReads(database);
  app.get(
    "/api/reservations/my",
    {
      schema: {
        summary: "Your reservations, newest first",
        description: "At most `limit`, with ids below `before`.",
        security,
        querystring: ownQuery,
        response: {
          200: z.array(reservation),
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED"),
        },
      },
    },
    async (request) => {
      const own = await listOfUser(database, principalOf(request).userId, request.query);
      return own.map(bodyOf);
    },
  );
  app.get(
    "/api/reservations/:id",
    {
      schema: {
        summary: "One reservation",
        description: "Its owner's and the administrators'; for anyone else there is none.",
        security,
        params: idParams,
        response: {
          200: reservation,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "NOT_FOUND"),
        },
      },
    },
    async (request) => {
      const found = await read(request.params.id);
      const owner = whose(request);
      if (!found || (owner !== undefined && found.userId !== owner)) throw noSuchReservation();
      return bodyOf(found);
    },
  );
}

function cancelling(app: EdgeApp, { changes }: ReservationRoutes): void {
  const whose = seam("ticket.whose", ownerFilter);
  app.put(
    "/api/reservations/:id/cancel",
    {
      schema: {
        summary: "Cancel a reservation",
        description: "Gives the seats back; what was paid is refunded.",
        security,
        params: idParams,
        response: {
          200: reservation,
          ...problems("VALIDATION_FAILED", "UNAUTHENTICATED", "NOT_FOUND", "INVALID_STATE"),
        },
      },
    },
    async (request) => {
      const answer = await cancelForBuyer(changes, request.params.id, whose(request));
      switch (answer.outcome) {
        case "cancelled":
          return bodyOf(answer.reservation);
        case "notFound":
          throw noSuchReservation();
        case "alreadyCancelled":
          throw new Problem("INVALID_STATE", "the reservation is cancelled already");
      }
    },
  );
}

/** The user that buys: the caller, or whom an administrator acts for. */
function buyerOf(request: FastifyRequest, clientId: string | undefined): number {
  const text = actingClient(request, clientId);
  const userId = idText.safeParse(text);
  if (userId.success) return userId.data;
  throw new Problem("VALIDATION_FAILED", "querystring.clientId: must be a user id", {
    errors: [{ path: "querystring.clientId", message: "must be a user id" }],
  });
}

/** Whose reservations the caller may touch; undefined: everybody's. */
function ownerFilter(request: FastifyRequest): number | undefined {
  const { userId, role } = principalOf(request);
  return role === "ADMIN" ? undefined : userId;
}

/** The same for a reservation that is somebody else's: its existence is not told. */
const noSuchReservation = () => new Problem("NOT_FOUND", "no such reservation");

const again = { retryAfterSeconds: 1 };

function reservationOf(answer: PurchaseAnswer): Reservation {
  switch (answer.outcome) {
    case "reserved":
    case "replayed":
      return answer.reservation;
    case "refused":
      throw refusalProblem(answer.because);
    case "passInvalid":
      throw new Problem("PASS_TOKEN_INVALID", "the pass is wrong, expired, used or another's");
    case "overloaded":
      throw new Problem("OVERLOADED", "too many are buying this product; try again", {
        retryAfterSeconds: 1,
      });
    case "queueSilent":
      throw new Problem("UNAVAILABLE", "passes cannot be checked now; nothing was reserved", again);
    case "unknown":
      throw new Problem(
        "UNAVAILABLE",
        "the outcome is not known; repeat with the same Idempotency-Key, or see your reservations",
        again,
      );
  }
}

function refusalProblem(because: Refusal): Problem {
  switch (because) {
    case "NOT_FOUND":
      return new Problem("NOT_FOUND", "no such product");
    case "WRONG_EVENT":
      return new Problem(
        "PASS_TOKEN_INVALID",
        "the product belongs to another event than the pass",
      );
    case "PASS_USED":
      return new Problem("PASS_TOKEN_INVALID", "the pass was used for another reservation");
    case "SALE_NOT_OPEN":
      return new Problem("SALE_NOT_OPEN", "the product is not on sale now");
    case "OUT_OF_STOCK":
      return new Problem("OUT_OF_STOCK", "fewer pieces are left than asked for");
    case "PURCHASE_LIMIT":
      return new Problem("PURCHASE_LIMIT", "more pieces than one person may buy of this product");
    case "IDEMPOTENCY_CONFLICT":
      return new Problem("IDEMPOTENCY_CONFLICT", "the key was used for another purchase");
  }
}

export function bodyOf(one: Reservation): ReservationBody {
  return {
    id: one.id,
    sagaId: one.sagaId,
    userId: one.userId,
    productId: one.productId,
    productName: one.productName,
    quantity: one.quantity,
    totalPrice: numberFromCents(one.totalCents),
    status: one.status,
    createdAt: one.createdAt,
    updatedAt: one.updatedAt,
  };
}
