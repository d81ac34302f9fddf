/** What commands do with a stack that runs already, or with the folder of one that does not. */
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../moleculer.config.ts";
import { createUser } from "../account/account.service.ts";
import type { SignUp } from "../account/accounts.ts";
import { systemClock } from "../common/clock.ts";
import type { Config } from "../common/config.ts";
import type { Role } from "../common/contracts/account.ts";
import { SERVICES } from "../common/contracts/names.ts";
import { UnavailableError } from "../common/errors.ts";
import { removeEmbeddedPostgres } from "../common/servers/embedded-postgres.ts";
import { isPortFree } from "../common/servers/ports.ts";
import { databaseUrls, startPostgres } from "./databases.ts";
import { checkNats } from "./preconditions.ts";
import { readStackNote, type StackNote } from "./stack-file.ts";

/** Base URLs of the stack that runs on a data folder; undefined when none does. */
export async function stackUrls(
  dataDir: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  return (await runningStack(dataDir))?.urls;
}

/** The stack that runs on a data folder; undefined when none does. */
export async function runningStack(
  dataDir: string,
): Promise<Pick<StackNote, "pid" | "urls"> | undefined> {
  return readStackNote(resolve(dataDir));
}

/**
 * The configured ports where all of them are free, else 0, any free one: found now, it could be
 * somebody else's by the time a service listens.
 */
export async function freeServicePorts(config: Config): Promise<Readonly<Record<string, number>>> {
  const usual = await Promise.all(SERVICES.map((name) => isPortFree(config.ports[name])));
  if (usual.every(Boolean)) return config.ports;
  return Object.fromEntries(SERVICES.map((name) => [name, 0]));
}

/** Deletes the data folder of a stack that has ended, wherever its cluster lies. */
export async function removeStackData(dataDir: string): Promise<void> {
  await removeEmbeddedPostgres(resolve(dataDir));
}

/**
 * Makes a user: at DATABASE_URL, or in the database of the stack that runs on the data folder, or
 * on the folder itself when none runs.
 * @returns undefined when the e-mail is taken.
 */
export async function addUser(
  config: Config,
  dataDir: string,
  person: SignUp,
  role: Role,
): Promise<{ readonly userId: number } | undefined> {
  const add = (server: string) =>
    createUser({ config, clock: systemClock, databaseUrl: databaseUrls(server) }, person, role);
  const known = config.DATABASE_URL ?? (await readStackNote(resolve(dataDir)))?.databaseUrl;
  if (known) return add(known);
  const postgres = await startPostgres(resolve(dataDir), { durable: true, log: () => {} });
  try {
    return await add(postgres.url("postgres"));
  } finally {
    await postgres.stop();
  }
}

/**
 * A broker that joins the running cluster, over NATS_URL or the socket of the stack on a data
 * folder, without any service of its own: for a REPL.
 * @throws UnavailableError when no cluster runs there
 */
export async function joinCluster(config: Config, dataDir: string): Promise<ServiceBroker> {
  await checkNats(config);
  const socket = config.NATS_URL ? undefined : (await readStackNote(resolve(dataDir)))?.socket;
  if (!config.NATS_URL && !socket) {
    throw new UnavailableError(
      `no stack runs on ${dataDir}; start one with: reservex up, or set NATS_URL`,
    );
  }
  const local = socket === undefined ? undefined : ({ path: socket, role: "member" } as const);
  const nodeId = `repl-${process.pid}-${randomBytes(3).toString("hex")}`;
  const broker = new ServiceBroker(brokerOptions(config, { nodeId, local }));
  await broker.start();
  return broker;
}
