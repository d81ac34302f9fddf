/** The account service: users, tokens, signing keys. */
import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import type { Role } from "../common/contracts/account.ts";
import { answers } from "../common/database.ts";
import { openEdge } from "../common/http/edge.ts";
import { lifecycle, ownDatabase, type Parts } from "../common/lifecycle.ts";
import { seam } from "../common/seams.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { accountRoutes } from "./account.http.ts";
import { AccountStore } from "./account-store.ts";
import { Accounts, type SignUp } from "./accounts.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { TokenIssuer } from "./token-issuer.ts";

const SQL = join(import.meta.dirname, "sql");
const TIDY_EVERY_MS = 3_600_000;

export function accountService(context: ServiceContext): ServiceSchema {
  return { name: "account", ...lifecycle(context.log, (parts) => start(context, parts)) };
}

async function start(context: ServiceContext, parts: Parts): Promise<void> {
  const { config, log } = context;
  const { database, store, accounts } = await openAccounts(context);
  parts.opened(() => database.end());
  const tidying = setInterval(() => {
    store.tidy().catch((error) => log.warn({ err: error }, "account: tidying failed"));
  }, TIDY_EVERY_MS);
  parts.opened(() => clearInterval(tidying));
  const edge = await openEdge({
    service: "account",
    description: "Users, sessions and the keys that sign for them.",
    host: config.HTTP_HOST,
    port: config.ports.account,
    log,
    verifier: context.verifier,
    readiness: async () => ({ database: await answers(database) }),
    routes: (app) =>
      accountRoutes(app, { accounts, store, allowTestAccounts: config.allowTestAccounts }),
  });
  parts.opened(() => edge.close());
  context.onListening("account", edge.url);
}

type AccountContext = Pick<ServiceContext, "config" | "databaseUrl" | "clock">;

async function openAccounts(context: AccountContext) {
  const { config, clock } = context;
  const database = await ownDatabase(context, "account", { sql: SQL, messaging: false });
  const store = seam("account.store", new AccountStore(database));
  const issuer = await TokenIssuer.open(store, {
    rules: { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE },
    ttlSeconds: config.ACCESS_TOKEN_TTL_SECONDS,
    clock,
  });
  const accounts = new Accounts(
    store,
    seam("account.hasher", new PasswordHasher()),
    issuer,
    config.REFRESH_TOKEN_TTL_SECONDS,
  );
  return { database, store, accounts: seam("account.accounts", accounts) };
}

/**
 * Makes an account beside a running service, or without one: the way to the first administrator.
 * @returns undefined when the e-mail is taken.
 */
export async function createUser(context: AccountContext, person: SignUp, role: Role) {
  const { database, accounts } = await openAccounts(context);
  try {
    return await accounts.signUp(person, role);
  } finally {
    await database.end();
  }
}
