/** HTTP bodies and actions of the ticket service. */
import { z } from "zod";
import { LIMITS } from "../limits.ts";
import {
  id,
  idText,
  instantText,
  ledgerRange,
  longText,
  money,
  text,
  wholeNumberText,
  word,
} from "./shared.ts";

export const eventStatus = z.enum(["SCHEDULED", "SELLING", "SOLD_OUT", "ENDED", "CANCELLED"]);
export type EventStatus = z.infer<typeof eventStatus>;

export const saleEvent = z.object({
  id,
  name: z.string(),
  description: z.string(),
  eventDate: z.string(),
  venue: z.string(),
  saleStartAt: z.string(),
  saleEndAt: z.string(),
  status: eventStatus,
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type SaleEvent = z.infer<typeof saleEvent>;

const eventFields = {
  name: text(200),
  description: longText(5_000),
  eventDate: instantText,
  venue: text(200),
  saleStartAt: instantText,
  saleEndAt: instantText,
};

export const createEventBody = z.strictObject({
  ...eventFields,
  description: eventFields.description.default(""),
});
export type CreateEvent = z.infer<typeof createEventBody>;

export const patchEventBody = z
  .strictObject(eventFields)
  .partial()
  .refine((body) => Object.keys(body).length > 0, "must name at least one field");
export type PatchEvent = z.infer<typeof patchEventBody>;

export const product = z.object({
  id,
  eventId: id,
  name: z.string(),
  description: z.string(),
  price: z.number(),
  totalStock: z.int(),
  availableStock: z.int(),
  maxPerUser: z.int(),
  saleStartAt: z.string(),
  saleEndAt: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Product = z.infer<typeof product>;

const productFields = {
  name: text(200),
  description: longText(5_000),
  price: money,
  totalStock: z.int().min(0).max(LIMITS.stock),
  maxPerUser: z.int().min(1).max(LIMITS.quantity),
  saleStartAt: instantText,
  saleEndAt: instantText,
};

/** The sale window is the event's unless the product has a narrower one of its own. */
export const createProductBody = z.strictObject({
  ...productFields,
  description: productFields.description.default(""),
  maxPerUser: productFields.maxPerUser.default(4),
  saleStartAt: instantText.optional(),
  saleEndAt: instantText.optional(),
});
export type CreateProduct = z.infer<typeof createProductBody>;

export const patchProductBody = z
  .strictObject(productFields)
  .partial()
  .refine((body) => Object.keys(body).length > 0, "must name at least one field");
export type PatchProduct = z.infer<typeof patchProductBody>;

/** Lists: at most `limit` rows with ids above `after`. */
export const pageQuery = {
  after: wholeNumberText(0, 2_147_483_647).default(0),
  limit: wholeNumberText(1, LIMITS.pageRows).default(LIMITS.pageRows),
};
export const eventsQuery = z.object(pageQuery);
export const productsQuery = z.object({ eventId: idText.optional(), ...pageQuery });

export const reservationStatus = z.enum(["PENDING", "PAYMENT_PENDING", "CONFIRMED", "CANCELLED"]);
export type ReservationStatus = z.infer<typeof reservationStatus>;

export const reservation = z.object({
  id,
  sagaId: z.string(),
  userId: id,
  productId: id,
  productName: z.string(),
  quantity: z.int(),
  totalPrice: z.number(),
  status: reservationStatus,
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Reservation = z.infer<typeof reservation>;

export const reserveQuery = z.object({
  eventId: idText,
  clientId: word(64).optional(),
});

export const reserveBody = z.strictObject({
  productId: id,
  quantity: z.int().min(1).max(LIMITS.quantity),
});

/** Node lower-cases header names. Characters outside ASCII's printable ones do not fit. */
export const reserveHeaders = z.object({
  "x-pass-token": z.string().max(100).optional(),
  "idempotency-key": z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, "must be 1 to 128 printable ASCII characters")
    .optional(),
});

export const cancellation = z.object({
  event: saleEvent,
  /** Reservations of the event still to be compensated; 0 when all are. */
  remaining: z.int(),
  cancelled: z.int(),
});

export const cancellationProgress = z.object({
  requestedAt: z.string(),
  /** Reservations that were live when the event was cancelled. */
  total: z.int(),
  cancelled: z.int(),
  remaining: z.int(),
  done: z.boolean(),
  settledAt: z.string().nullable(),
});
export type CancellationProgress = z.infer<typeof cancellationProgress>;

/** What administrators see of anybody's reservation, beside what its owner sees. */
export const listedReservation = reservation.extend({
  eventId: id,
  cancelReason: z.string().nullable(),
});
export type ListedReservation = z.infer<typeof listedReservation>;

export const reservationsQuery = z.object({
  userId: idText.optional(),
  eventId: idText.optional(),
  productId: idText.optional(),
  status: reservationStatus.optional(),
  ...pageQuery,
});

export const ticketLedgerQuery = z.object({
  eventId: idText,
  afterReservation: ledgerRange.afterReservation,
  limit: ledgerRange.limit,
});

/** One statement's view of a product: totalStock = availableStock + held, always. */
export const stockLine = z.object({
  productId: id,
  name: z.string(),
  totalStock: z.int(),
  availableStock: z.int(),
  /** Σ quantity of PENDING, PAYMENT_PENDING and CONFIRMED reservations. */
  held: z.int(),
  /** The part of `held` whose sagas have not ended. */
  pending: z.int(),
});
export type StockLine = z.infer<typeof stockLine>;

export const ticketLedger = z.object({
  stock: z.array(stockLine),
  reservations: z.array(
    reservation.pick({
      id: true,
      sagaId: true,
      userId: true,
      productId: true,
      quantity: true,
      totalPrice: true,
      status: true,
      createdAt: true,
    }),
  ),
  nextAfter: z.int().nullable(),
});
export type TicketLedger = z.infer<typeof ticketLedger>;

/** Action `ticket.eventForSale`: what the gate must know of an event. */
export type EventForSale =
  | { readonly found: false }
  | {
      readonly found: true;
      /** ISO-8601 instants. */
      readonly saleStartAt: string;
      readonly saleEndAt: string;
      readonly cancelled: boolean;
    };

/** Broadcast on the broker when an event's window or state changed, so that gates look again. */
export const EVENT_CHANGED = "ticket.event.changed";
