/** HTTP bodies of the payment service. */
import { z } from "zod";
import { LIMITS } from "../limits.ts";
import { id, idText, instantText, ledgerRange, wholeNumberText, word } from "./shared.ts";

export const paymentStatus = z.enum(["PENDING", "PROCESSING", "COMPLETED", "FAILED", "REFUNDED"]);
export type PaymentStatus = z.infer<typeof paymentStatus>;

export const payment = z.object({
  id: z.string(),
  sagaId: z.string(),
  reservationId: id,
  userId: id,
  amount: z.number(),
  status: paymentStatus,
  transactionId: z.string().nullable(),
  failureReason: z.string().nullable(),
  createdAt: z.string(),
  completedAt: z.string().nullable(),
});
export type Payment = z.infer<typeof payment>;

export const paymentsQuery = z.object({ reservationId: idText });
export const paymentParams = z.object({ id: word(64) });

/** For administrators: the newest first. */
export const paymentListQuery = z.object({
  status: paymentStatus.optional(),
  sagaId: word(64).optional(),
  reservationId: idText.optional(),
  limit: wholeNumberText(1, LIMITS.pageRows).default(LIMITS.pageRows),
});
export const paymentList = z.object({ payments: z.array(payment) });

export const reconciliationQuery = z.object({
  /** Default: a day before `until`. Both are taken as whole seconds. */
  since: instantText.optional(),
  /** Default: now. */
  until: instantText.optional(),
});

/** What can be wrong between our payments and the provider's statement. */
export const differenceKind = z.enum([
  "unknownToUs",
  "missingAtProvider",
  "amountDiffers",
  "currencyDiffers",
  "chargedTwice",
  "chargedButFailed",
  "refundedOnlyThere",
  "refundedOnlyHere",
  "refundAmountDiffers",
  "openTooLong",
]);
export type DifferenceKind = z.infer<typeof differenceKind>;

export const paymentDifference = z.object({
  kind: differenceKind,
  paymentId: z.string().nullable(),
  reservationId: id.nullable(),
  sagaId: z.string().nullable(),
  transactionId: z.string().nullable(),
  /** In words. */
  detail: z.string(),
});
export type PaymentDifference = z.infer<typeof paymentDifference>;

/** One page: the part of the period up to `upTo`. The next begins there; null after the last. */
export const reconciliation = z.object({
  since: z.string(),
  upTo: z.string(),
  until: z.string(),
  next: z.string().nullable(),
  /** Payments here, and charges there, that were looked at. */
  payments: z.int(),
  charges: z.int(),
  /** Payments whose money is on its way: nothing is wrong with them yet. */
  open: z.int(),
  differences: z.array(paymentDifference),
});
export type Reconciliation = z.infer<typeof reconciliation>;

export const paymentLedgerQuery = z.object(ledgerRange);

/** `provider` is the provider's own statement for the same reservations, ghosts included. */
export const paymentLedger = z.object({
  payments: z.array(
    payment.pick({ id: true, sagaId: true, reservationId: true, amount: true, status: true }),
  ),
  provider: z.array(
    z.object({
      type: z.enum(["charge", "refund"]),
      sagaId: z.string(),
      amount: z.number(),
      at: z.string(),
    }),
  ),
  nextAfter: z.int().nullable(),
});
export type PaymentLedger = z.infer<typeof paymentLedger>;

/** How the simulated provider behaves; percentages of charges, drawn from the seed and the key. */
export const providerBehaviour = z.strictObject({
  /** Declined. */
  failurePercent: z.number().min(0).max(100),
  /** Each answer takes between these, evenly drawn. */
  minLatencyMs: z.int().min(0).max(60_000),
  maxLatencyMs: z.int().min(0).max(60_000),
  /** The request vanishes: no answer, no charge; asking later says so. */
  silentPercent: z.number().min(0).max(100),
  /** Captured, but the answer comes after `lateMs`. */
  latePercent: z.number().min(0).max(100),
  lateMs: z.int().min(0).max(600_000),
  seed: z.int().min(0),
});
export type ProviderBehaviour = z.infer<typeof providerBehaviour>;

export const providerBehaviourBody = providerBehaviour
  .partial()
  .refine((body) => Object.keys(body).length > 0, "must name at least one setting");
