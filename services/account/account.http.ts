/** Routes of the account service. */
import {
  jwks,
  loginBody,
  refreshBody,
  session,
  signupBody,
  testAccounts,
  testAccountsBody,
  user,
} from "../common/contracts/account.ts";
import { Problem } from "../common/errors.ts";
import { type EdgeApp, principalOf } from "../common/http/edge.ts";
import type { AccountStore } from "./account-store.ts";
import type { Accounts } from "./accounts.ts";

export interface AccountRoutes {
  readonly accounts: Accounts;
  readonly store: AccountStore;
  readonly allowTestAccounts: boolean;
}

const open = { access: "public" } as const;
const security = [{ bearer: [] }];

export function accountRoutes(
  app: EdgeApp,
  { accounts, store, allowTestAccounts }: AccountRoutes,
): void {
  app.post(
    "/api/auth/signup",
    {
      config: open,
      schema: { summary: "Make an account", body: signupBody, response: { 201: session } },
    },
    async (request, reply) => {
      const made = await accounts.signUp(request.body);
      if (!made) throw new Problem("EMAIL_TAKEN", "there is an account with this e-mail");
      return reply.status(201).send(made);
    },
  );

  app.post(
    "/api/auth/login",
    { config: open, schema: { summary: "Log in", body: loginBody, response: { 200: session } } },
    async (request) => {
      const answer = await accounts.logIn(request.body.email, request.body.password, request.ip);
      switch (answer.result) {
        case "welcome":
          return answer.session;
        case "wrong":
          throw new Problem("INVALID_CREDENTIALS", "wrong e-mail or password");
        case "wait":
          throw new Problem("RATE_LIMITED", "too many failed logins", {
            retryAfterSeconds: answer.seconds,
          });
      }
    },
  );

  app.post(
    "/api/auth/refresh",
    {
      config: open,
      schema: {
        summary: "A new access token",
        description: "Spends the refresh token. Using a spent one again revokes the whole login.",
        body: refreshBody,
        response: { 200: session },
      },
    },
    async (request) => {
      const renewed = await accounts.refresh(request.body.refreshToken);
      if (!renewed)
        throw new Problem("UNAUTHENTICATED", "the refresh token is not usable; log in again");
      return renewed;
    },
  );

  app.post(
    "/api/auth/logout",
    { config: open, schema: { summary: "End a login", body: refreshBody } },
    async (request, reply) => {
      await accounts.logOut(request.body.refreshToken);
      return reply.status(204).send();
    },
  );

  app.get(
    "/api/users/me",
    { schema: { summary: "Who am I", security, response: { 200: user } } },
    async (request) => {
      const me = await accounts.byId(principalOf(request).userId);
      if (!me) throw new Problem("UNAUTHENTICATED", "this account is no more");
      return me;
    },
  );

  app.get(
    "/.well-known/jwks.json",
    {
      config: open,
      schema: { summary: "Keys that verify access tokens", response: { 200: jwks } },
    },
    async (_request, reply) => {
      reply.header("cache-control", "public, max-age=300");
      return { keys: (await store.publicKeys()) as { kid: string; kty: string }[] };
    },
  );

  // Without the setting there is no such route at all: it makes tokens for the asking.
  if (!allowTestAccounts) return;
  app.post(
    "/api/admin/test-accounts",
    {
      config: { access: "admin" },
      schema: {
        summary: "Accounts with tokens, for load tests",
        description: "The same prefix gives the same accounts again, with new tokens.",
        security,
        body: testAccountsBody,
        response: { 200: testAccounts },
      },
    },
    async (request) => ({
      accounts: await accounts.testAccounts(request.body.prefix, request.body.count),
    }),
  );
}
