/** Starts services, all in this process or any subset, with what they stand on. */
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import { connect } from "nats";
import { brokerOptions } from "../moleculer.config.ts";
import { accountService, createUser } from "./account/account.service.ts";
import type { SignUp } from "./account/accounts.ts";
import { DirectBus } from "./common/bus/direct-bus.ts";
import { systemClock } from "./common/clock.ts";
import type { Config } from "./common/config.ts";
import type { Role } from "./common/contracts/account.ts";
import { SERVICES, type ServiceName } from "./common/contracts/names.ts";
import { withDatabase } from "./common/database.ts";
import { ConfigurationError, UnavailableError } from "./common/errors.ts";
import { remoteVerifier, type TokenVerifier } from "./common/http/tokens.ts";
import { assertLimits } from "./common/limits.ts";
import { LONGEST_SOCKET_PATH } from "./common/local-transporter.ts";
import { createLog, type Log } from "./common/log.ts";
import {
  type EmbeddedPostgres,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from "./common/servers/embedded-postgres.ts";
import { findFreePorts, isPortFree, whoHoldsPort } from "./common/servers/ports.ts";
import { ServerUnavailable } from "./common/servers/server-unavailable.ts";
import type { ServiceContext } from "./common/service-context.ts";
import { readStackNote, removeStackNote, writeStackNote } from "./common/stack-file.ts";
import { paymentService } from "./payment/payment.service.ts";
import { queueService } from "./queue/queue.service.ts";
import { sagaService } from "./saga/saga.service.ts";
import { ticketService } from "./ticket/ticket.service.ts";

const FACTORIES: Readonly<Record<ServiceName, (context: ServiceContext) => ServiceSchema>> = {
  account: accountService,
  queue: queueService,
  ticket: ticketService,
  payment: paymentService,
  saga: sagaService,
};

/** The waiting room needs none. */
const NEEDS_DATABASE: ReadonlySet<ServiceName> = new Set(["account", "ticket", "payment", "saga"]);

export interface StackOptions {
  readonly config: Config;
  readonly services: readonly ServiceName[];
  /** Where the embedded PostgreSQL keeps its files. */
  readonly dataDir: string;
  /** false: the folder is thrown away afterwards, so nothing needs to reach the disk. */
  readonly durable: boolean;
}

export interface Stack {
  /** Base URL of each service's HTTP edge. */
  readonly urls: Readonly<Record<string, string>>;
  readonly broker: ServiceBroker;
  /** Rejects never; resolves with a line when something the stack stands on has gone for good. */
  readonly lost: Promise<string>;
  /** Lets requests end, closes edges, then databases, then PostgreSQL. */
  stop(): Promise<void>;
}

/**
 * Starts the chosen services and resolves when all of them answer. When anything fails, all that
 * was started is stopped again.
 * @throws ConfigurationError (wrong settings), UnavailableError (a port, PostgreSQL, NATS)
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  assertLimits();
  const { config, services } = options;
  const dataDir = resolve(options.dataDir);
  checkSubset(config, services);
  await checkPorts(config, services);
  await checkNats(config);
  const log = createLog(config.logLevel);
  const postgres = await startPostgres({ ...options, dataDir }, log);
  const server = config.DATABASE_URL ?? postgres?.url("postgres");
  try {
    const socket = postgres && socketPath(config, dataDir);
    const { broker, bus, urls } = await startServices(config, services, { server, socket }, log);
    if (postgres) await writeStackNote(dataDir, note(urls, server, socket));
    return {
      urls,
      broker,
      lost: lostServer(postgres),
      async stop() {
        await bus.close();
        await broker.stop();
        if (postgres) await removeStackNote(dataDir);
        await postgres?.stop();
      },
    };
  } catch (error) {
    await postgres?.stop();
    throw error;
  }
}

async function startServices(
  config: Config,
  services: readonly ServiceName[],
  { server, socket }: { server: string | undefined; socket: string | undefined },
  log: Log,
) {
  const urls: Record<string, string> = {};
  const local = socket === undefined ? undefined : ({ path: socket, role: "hub" } as const);
  const broker = new ServiceBroker(brokerOptions(config, { nodeId: nodeIdOf(services), local }));
  const bus = new DirectBus(broker);
  const context: ServiceContext = {
    config,
    broker,
    bus,
    clock: systemClock,
    log,
    verifier: verifierOf(config, () => urls.account),
    serviceCredential:
      config.SERVICE_CREDENTIAL ??
      (config.embedded ? randomBytes(32).toString("base64url") : undefined),
    databaseUrl: databaseUrls(server),
    onListening: (service, url) => {
      urls[service] = url;
    },
  };
  const created: Service[] = [];
  for (const name of services) created.push(broker.createService(FACTORIES[name](context)));
  try {
    await broker.start();
    return { broker, bus, urls };
  } catch (error) {
    await broker
      .stop()
      .catch((stopping) => log.debug({ err: stopping }, "stop after a failed start"));
    throw error;
  }
}

function databaseUrls(server: string | undefined): (service: string) => string {
  return (service) => {
    if (!server) throw new Error(`the ${service} service was started without a database`);
    return withDatabase(server, `reservex_${service}`);
  };
}

function nodeIdOf(services: readonly ServiceName[]): string {
  const what = services.length === SERVICES.length ? "all" : services.join("-");
  return `${what}-${process.pid}-${randomBytes(3).toString("hex")}`;
}

/** Services of other processes are out of reach without NATS, and would only answer 503. */
function checkSubset(config: Config, services: readonly ServiceName[]): void {
  const missing = SERVICES.filter((name) => !services.includes(name));
  if (missing.length === 0 || config.NATS_URL) return;
  throw new ConfigurationError(
    `--services ${services.join(",")}: without ${missing.join(", ")} in the same process, services meet over NATS; set NATS_URL`,
  );
}

/** Looked at before anything starts, so that a taken port leaves nothing half-started. */
async function checkPorts(config: Config, services: readonly ServiceName[]): Promise<void> {
  const taken = new Map<number, ServiceName>();
  for (const name of services) {
    const port = config.ports[name];
    const variable = `${name.toUpperCase()}_PORT`;
    if (port === 0) continue;
    const twin = taken.get(port);
    if (twin)
      throw new ConfigurationError(`${variable}=${port}: the ${twin} service has this port`);
    taken.set(port, name);
    if (await isPortFree(port, config.HTTP_HOST)) continue;
    const holder = await whoHoldsPort(port);
    throw new UnavailableError(
      `port ${port} (${name}) is in use${holder ? ` by ${holder}` : ""}; free it or set ${variable}`,
    );
  }
}

/** Moleculer would try for ever without a word. */
async function checkNats(config: Config): Promise<void> {
  if (!config.NATS_URL) return;
  try {
    const connection = await connect({
      servers: config.NATS_URL,
      timeout: 5_000,
      reconnect: false,
    });
    await connection.close();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnavailableError(
      `NATS does not answer at NATS_URL (${new URL(config.NATS_URL).host}): ${why}`,
    );
  }
}

async function startPostgres(
  options: StackOptions,
  log: Log,
): Promise<EmbeddedPostgres | undefined> {
  const { config, services, dataDir, durable } = options;
  if (!config.embedded || !services.some((name) => NEEDS_DATABASE.has(name))) return undefined;
  return reachable(() =>
    startEmbeddedPostgres({ dataDir, durable, log: (line) => log.debug({ postgres: line }) }),
  );
}

/** One kind of error for "something needed is not there", wherever it was noticed. */
async function reachable<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof ServerUnavailable) throw new UnavailableError(error.message);
    throw error;
  }
}

function note(
  urls: Readonly<Record<string, string>>,
  databaseUrl: string | undefined,
  socket: string | undefined,
) {
  return {
    pid: process.pid,
    urls: { ...urls },
    ...(databaseUrl ? { databaseUrl } : {}),
    ...(socket ? { socket } : {}),
  };
}

/** Only an embedded stack needs it, and only a short path can be a socket. */
function socketPath(config: Config, dataDir: string): string | undefined {
  const path = join(dataDir, "broker.sock");
  return config.NATS_URL || path.length > LONGEST_SOCKET_PATH ? undefined : path;
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

function lostServer(postgres: EmbeddedPostgres | undefined): Promise<string> {
  if (!postgres) return new Promise(() => {});
  return postgres.exited.then(
    ({ code, signal }) => `PostgreSQL ended (${signal ?? `code ${code}`})`,
  );
}

/** Made at the first token: until the account service listens, its URL may not be known. */
function verifierOf(config: Config, accountHere: () => string | undefined): TokenVerifier {
  const rules = { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE };
  let verifier: TokenVerifier | undefined;
  return {
    verify(token) {
      const url = config.ACCOUNT_URL ?? accountHere() ?? `http://127.0.0.1:${config.ports.account}`;
      verifier ??= remoteVerifier(url, rules);
      return verifier.verify(token);
    },
  };
}

/** Base URLs of the stack that runs on a data folder; undefined when none does. */
export async function stackUrls(
  dataDir: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  return (await readStackNote(resolve(dataDir)))?.urls;
}

/** The configured ports where all of them are free, else as many free ones. */
export async function freeServicePorts(config: Config): Promise<Readonly<Record<string, number>>> {
  const usual = await Promise.all(SERVICES.map((name) => isPortFree(config.ports[name])));
  if (usual.every(Boolean)) return config.ports;
  const ports = await findFreePorts(SERVICES.length);
  return Object.fromEntries(SERVICES.map((name, index) => [name, ports[index]!]));
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
  const postgres = await reachable(() =>
    startEmbeddedPostgres({ dataDir, durable: true, log: () => {} }),
  );
  try {
    return await add(postgres.url("postgres"));
  } finally {
    await postgres.stop();
  }
}
