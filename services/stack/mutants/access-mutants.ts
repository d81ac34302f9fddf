/** Sins of logins, tokens and doors. */
import { createHmac } from "node:crypto";
import type { AccountStore } from "../../account/account-store.ts";
import type { Accounts } from "../../account/accounts.ts";
import type { PasswordHasher } from "../../account/password-hasher.ts";
import { Problem } from "../../common/errors.ts";
import type { Principal, TokenVerifier } from "../../common/http/tokens.ts";
import { override } from "./override.ts";
import type { Spoils } from "./plant-mutant.ts";

/** Believes some tokens without looking at who signed them. */
const believing = (read: (token: string) => Principal | undefined): Spoils => ({
  verifier: (honest: TokenVerifier) =>
    override(honest, {
      async verify(token) {
        const principal = read(token);
        return principal ? { ok: true, principal } : honest.verify(token);
      },
    }),
});

const SECRET = "secret";

function signedWithSecret(token: string): Principal | undefined {
  const [header, payload, signature] = token.split(".");
  const content = `${header}.${payload}`;
  const due = createHmac("sha256", SECRET).update(content).digest("base64url");
  if (!payload || signature !== due) return undefined;
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  return { userId: Number(claims.sub), role: claims.role };
}

function refreshesTwice(store: AccountStore): AccountStore {
  const spent = new Map<string, number>();
  return override(store, {
    async rotate(tokenHash, successorHash, ttlSeconds) {
      const known = spent.get(tokenHash);
      if (known !== undefined) return { result: "rotated", accountId: known };
      const rotation = await store.rotate(tokenHash, successorHash, ttlSeconds);
      if (rotation.result === "rotated") spent.set(tokenHash, rotation.accountId);
      return rotation;
    },
  });
}

export const ACCESS_MUTANTS = {
  "A1-refresh-opens": () =>
    believing((token) => (token.startsWith("rt_") ? { userId: 1, role: "USER" } : undefined)),
  "A1-refresh-twice": (): Spoils => ({ "account.store": refreshesTwice }),
  "A2-known-secret": () => believing(signedWithSecret),
  "A3-told-by-text": (): Spoils => {
    let known: AccountStore | undefined;
    return {
      "account.store": (store: AccountStore) => {
        known = store;
        return store;
      },
      "account.accounts": (accounts: Accounts) =>
        override(accounts, {
          async logIn(email, password, address) {
            if (!(await known?.byEmail(email.trim().toLowerCase()))) {
              throw new Problem("NOT_FOUND", "there is no account with this e-mail");
            }
            return accounts.logIn(email, password, address);
          },
        }),
    };
  },
  "A3-told-by-time": (): Spoils => ({
    "account.hasher": (hasher: PasswordHasher) =>
      override(hasher, {
        matches: async (password, stored) => (stored ? hasher.matches(password, stored) : false),
      }),
  }),
  "A4-open-gate": (): Spoils => ({ "queue.gatekeeper": () => async () => undefined }),
};
