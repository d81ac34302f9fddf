/** Pieces that the schemas of several services share. */
import { z } from "zod";
import { ERRORS, type ErrorCode } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { centsFromNumber } from "../money.ts";

/** PostgreSQL `integer` keys; larger numbers cannot exist, so they do not fit. */
const MAX_ID = 2_147_483_647;

export const id = z.int().positive().max(MAX_ID);

/** An id in a path or query: decimal digits only, so that `1e3`, ` 1`, `0x1` and `1.0` do not fit. */
export const idText = z
  .string()
  .regex(/^[1-9]\d{0,9}$/, "must be a positive whole number")
  .transform(Number)
  .pipe(id);

export const idParams = z.object({ id: idText });

export const instantText = z.iso.datetime({ offset: true, error: "must be an ISO-8601 instant" });

/** A JSON number with at most two decimals. */
export const money = z
  .number()
  .nonnegative()
  .max(LIMITS.moneyCents / 100)
  .refine((amount) => centsFromNumber(amount) !== undefined, "must have at most two decimals");

/** A line of text for people: no control characters, trimmed, not empty. */
export const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u, "must not hold control characters");

/** Text of several lines; PostgreSQL cannot store the character NUL. */
export const longText = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes("\0"), "must not hold NUL");

/** An id or token made of printable ASCII without spaces. */
export const word = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces");

/** A whole number in a query, written in decimal digits. */
export const wholeNumberText = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(min).max(max));

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

/** Which rows of the books an administrator wants: by reservation id, a page at a time. */
export const ledgerRange = {
  afterReservation: wholeNumberText(0, MAX_ID).default(0),
  untilReservation: wholeNumberText(1, MAX_ID).default(MAX_ID),
  limit: wholeNumberText(0, LIMITS.ledgerRows).default(LIMITS.ledgerRows),
};
