/** HTTP bodies and actions of the queue service. */
import { z } from "zod";
import { LIMITS } from "../limits.ts";
import { idText, wholeNumberText, word } from "./shared.ts";

export const eventParams = z.object({ eventId: idText });

/** `clientId` is the token's `sub` by default, and must equal it unless the caller is ADMIN. */
export const clientQuery = z.object({ clientId: word(64).optional() });

export const queueTicketHeader = z.object({ "x-queue-ticket": z.string().max(1_024).optional() });

export const place = z.object({
  userKey: z.string(),
  position: z.int(),
  displayOffset: z.int(),
  estimatedWaitSeconds: z.int(),
  pollAfterSeconds: z.int(),
  queueTicket: z.string(),
});
export type Place = z.infer<typeof place>;

export const status = z.object({
  position: z.int(),
  passReady: z.boolean(),
  passToken: z.string().nullable(),
  passExpiresAt: z.string().nullable(),
  estimatedWaitSeconds: z.int(),
  pollAfterSeconds: z.int(),
});
export type Status = z.infer<typeof status>;

export const validatePassQuery = z.object({
  clientId: word(64),
  passToken: word(100),
});

export const stats = z.object({
  waiting: z.int(),
  active: z.int(),
  admittedLastMinute: z.int(),
  admittedTotal: z.int(),
  abandonedTotal: z.int(),
  permitsPerMinute: z.int(),
  paused: z.boolean(),
});
export type Stats = z.infer<typeof stats>;

export const pacing = z.enum(["smooth", "burst"]);
export type Pacing = z.infer<typeof pacing>;

export const settingsBody = z
  .strictObject({
    permitsPerMinute: z.int().min(1).max(LIMITS.permitsPerMinute).optional(),
    passTtlSeconds: z.int().min(5).max(3_600).optional(),
    paused: z.boolean().optional(),
    pacing: pacing.optional(),
    draining: z.boolean().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, "must name at least one setting");
export type SettingsChange = z.infer<typeof settingsBody>;

export const settings = z.object({
  permitsPerMinute: z.int(),
  passTtlSeconds: z.int(),
  paused: z.boolean(),
  pacing,
  /** Nobody new is let into the line; those in it are served. */
  draining: z.boolean(),
});
export type Settings = z.infer<typeof settings>;

export const journalQuery = z.object({
  /** The number of the last admission already known. */
  after: wholeNumberText(0, 2_147_483_647).default(0),
  limit: wholeNumberText(1, LIMITS.ledgerRows).default(1_000),
});
export type JournalQuery = z.infer<typeof journalQuery>;

/** The store's own record of admissions, oldest first. */
export const journal = z.object({
  entries: z.array(
    z.object({
      /** Counts the admissions of the event, from 1. */
      number: z.int(),
      clientId: z.string(),
      joinedAt: z.string(),
      admittedAt: z.string(),
    }),
  ),
  /** `after` of the next page; null at the end of the record. */
  next: z.int().nullable(),
});
export type Journal = z.infer<typeof journal>;

/** Action `queue.redeemPass` and `queue.restorePass`: the ticket service's side of the gate. */
export interface PassRedemption {
  readonly eventId: number;
  readonly clientId: string;
  readonly passToken: string;
  /** Names the purchase: the same key may present the spent pass again, another may not. */
  readonly redemptionKey: string;
}

/** invalid: wrong, foreign, expired, or spent by another purchase. */
export type RedeemAnswer = { readonly result: "redeemed" | "replayed" | "invalid" };
