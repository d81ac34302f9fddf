/** HTTP bodies of the dead letters, the same on every service that consumes messages. */
import { z } from "zod";
import { LIMITS } from "../limits.ts";
import { wholeNumberText, word } from "./shared.ts";

export const deadLetter = z.object({
  /** The message's id, or a name for what is no message. */
  id: z.string(),
  subject: z.string(),
  /** Null where it is no message. */
  sagaId: z.string().nullable(),
  type: z.string().nullable(),
  /** As it came. */
  payload: z.string(),
  attempts: z.int(),
  lastError: z.string(),
  since: z.string(),
  /** Null: only when an operator asks for it. */
  nextAttemptAt: z.string().nullable(),
});
export type DeadLetterView = z.infer<typeof deadLetter>;

export const deadLetters = z.object({
  letters: z.array(deadLetter),
  /** For the next page's `after`; null at the end. */
  next: z.string().nullable(),
});

export const deadLettersQuery = z.object({
  after: z.union([z.literal(""), word(256)]).default(""),
  limit: wholeNumberText(1, LIMITS.pageRows).default(LIMITS.pageRows),
});

export const deadLetterParams = z.object({ id: word(256) });

export const requeued = z.object({ requeued: z.array(z.string()) });
