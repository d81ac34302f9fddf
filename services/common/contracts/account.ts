/** HTTP bodies of the account service. */
import { z } from "zod";
import { LIMITS } from "../limits.ts";
import { id, longText, text, word } from "./shared.ts";

export const role = z.enum(["USER", "ADMIN"]);
export type Role = z.infer<typeof role>;

/** Lower-cased, so that one mailbox is one account. */
export const email = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email())
  .transform((address) => address.toLowerCase());

/** 8 to 128 characters of any kind (ASVS 6.2.1, 6.2.8, 6.2.9); nothing is cut off. */
export const password = z.string().min(8).max(128);

export const phoneNumber = z.string().regex(/^\+?[0-9 ()-]{5,25}$/, "must be a phone number");

export const signupBody = z.strictObject({
  email,
  password,
  name: text(100),
  phoneNumber: phoneNumber.optional(),
});

/** A login takes any text: refusing an odd password by form would tell what passwords look like. */
export const loginBody = z.strictObject({
  email: longText(254),
  password: z.string().max(128),
});

export const refreshBody = z.strictObject({ refreshToken: word(512) });

export const session = z.object({
  accessToken: z.string(),
  refreshToken: z.string(),
  tokenType: z.literal("Bearer"),
  expiresIn: z.int(),
  userId: id,
  email: z.string(),
  name: z.string(),
  role,
});
export type Session = z.infer<typeof session>;

export const user = z.object({
  id,
  email: z.string(),
  name: z.string(),
  phoneNumber: z.string().nullable(),
  role,
  createdAt: z.string(),
});
export type User = z.infer<typeof user>;

export const jwks = z.object({
  keys: z.array(z.looseObject({ kid: z.string(), kty: z.string() })),
});

export const testAccountsBody = z.strictObject({
  count: z.int().min(1).max(LIMITS.testAccounts),
  prefix: z.string().regex(/^[a-z0-9-]{1,40}$/, "must be 1 to 40 of a-z, 0-9 and -"),
});

export const testAccounts = z.object({
  accounts: z.array(z.object({ userId: id, accessToken: z.string() })),
});
