/** The account service: users, tokens, signing keys. */
import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import type { Role } from "../common/contracts/account.ts";
import {
  answers,
  type Database,
  ensureDatabase,
  migrate,
  openDatabase,
} from "../common/database.ts";
import { type Edge, openEdge } from "../common/http/edge.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { accountRoutes } from "./account.http.ts";
import { AccountStore } from "./account-store.ts";
import { Accounts, type SignUp } from "./accounts.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { TokenIssuer } from "./token-issuer.ts";

const TIDY_EVERY_MS = 3_600_000;

export function accountService(context: ServiceContext): ServiceSchema {
  const { config, log } = context;
  let database: Database | undefined;
  let edge: Edge | undefined;
  let tidying: NodeJS.Timeout | undefined;

  return {
    name: "account",

    async started() {
      const opened = await openAccounts(context);
      database = opened.database;
      const { store, accounts } = opened;
      tidying = setInterval(() => {
        store.tidy().catch((error) => log.warn({ err: error }, "account: tidying failed"));
      }, TIDY_EVERY_MS);
      edge = await openEdge({
        service: "account",
        description: "Users, sessions and the keys that sign for them.",
        host: config.HTTP_HOST,
        port: config.ports.account,
        log,
        verifier: context.verifier,
        readiness: async () => ({ postgresql: await answers(opened.database) }),
        routes: (app) =>
          accountRoutes(app, { accounts, store, allowTestAccounts: config.allowTestAccounts }),
      });
      context.onListening("account", edge.url);
    },

    async stopped() {
      clearInterval(tidying);
      await edge?.close();
      await database?.end();
    },
  };
}

type AccountContext = Pick<ServiceContext, "config" | "databaseUrl" | "clock">;

async function openAccounts({ config, databaseUrl, clock }: AccountContext) {
  const url = databaseUrl("account");
  await ensureDatabase(url);
  await migrate(url, [join(import.meta.dirname, "sql")]);
  const database = await openDatabase({ url, poolSize: config.DATABASE_POOL_SIZE });
  const store = new AccountStore(database);
  const issuer = await TokenIssuer.open(store, {
    rules: { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE },
    ttlSeconds: config.ACCESS_TOKEN_TTL_SECONDS,
    clock,
  });
  const accounts = new Accounts(
    store,
    new PasswordHasher(),
    issuer,
    config.REFRESH_TOKEN_TTL_SECONDS,
  );
  return { database, store, accounts };
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
