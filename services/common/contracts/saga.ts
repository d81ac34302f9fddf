/** HTTP bodies of the saga coordinator. */
import { z } from "zod";
import { LIMITS } from "../limits.ts";
import { id, idText, instantText, ledgerRange, wholeNumberText, word } from "./shared.ts";

export const sagaState = z.enum([
  "CHARGING",
  "CONFIRMING",
  "CANCELLING",
  "REFUNDING",
  "COMPLETED",
  "COMPENSATED",
]);
export type SagaState = z.infer<typeof sagaState>;

export const timelineEntry = z.object({
  at: z.string(),
  /** What happened: a message's type, `deadlinePassed`, or `retried`. */
  event: z.string(),
  from: sagaState.nullable(),
  to: sagaState,
  /** Types of the messages sent because of it. */
  sent: z.array(z.string()),
  /** In words. */
  note: z.string(),
});

export const sagaSummary = z.object({
  sagaId: z.string(),
  reservationId: id,
  userId: id,
  amount: z.number(),
  state: sagaState,
  /** Why it stands where it stands, in words. */
  because: z.string(),
  /** When the coordinator acts by itself if nothing arrives; null at an end. */
  deadlineAt: z.string().nullable(),
  /** What it does then, in words: "asks for the refund again"; null at an end. */
  next: z.string().nullable(),
  /** Times the coordinator had to ask again in this state. */
  attempts: z.int(),
  /** Asked several times in vain, or its deadline was not looked at: somebody should look. */
  overdue: z.boolean(),
  startedAt: z.string(),
  updatedAt: z.string(),
});
export type SagaSummary = z.infer<typeof sagaSummary>;

/** A command that the receiving service has not taken over yet. */
export const undelivered = z.object({
  type: z.string(),
  since: z.string(),
  /** Hand-overs tried so far. */
  attempts: z.int(),
  nextAttemptAt: z.string(),
});

export const saga = sagaSummary.extend({
  timeline: z.array(timelineEntry),
  undelivered: z.array(undelivered),
});
export type Saga = z.infer<typeof saga>;

export const sagaParams = z.object({ sagaId: word(64) });

/** `olderThan`: an instant; sagas last changed before it. `overdue=true`: those alone. */
export const sagasQuery = z.object({
  state: sagaState.optional(),
  olderThan: instantText.optional(),
  overdue: z.literal("true").optional(),
  reservationId: idText.optional(),
  afterReservation: idText.optional(),
  limit: wholeNumberText(1, LIMITS.pageRows).default(LIMITS.pageRows),
});

/** What has not ended, by state; `overdue` is a part of it. */
export const openSagas = z.object({
  charging: z.int(),
  confirming: z.int(),
  cancelling: z.int(),
  refunding: z.int(),
  overdue: z.int(),
  /** The one whose state changed longest ago. */
  oldest: sagaSummary.nullable(),
});
export type OpenSagas = z.infer<typeof openSagas>;

export const sagaLedgerQuery = z.object(ledgerRange);

export const sagaLedger = z.object({
  sagas: z.array(sagaSummary.pick({ sagaId: true, reservationId: true, state: true })),
  nextAfter: z.int().nullable(),
});
export type SagaLedger = z.infer<typeof sagaLedger>;
