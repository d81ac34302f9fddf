/** Starts services, all in this process or any subset, with what they stand on. */
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "../../moleculer.config.ts";
import { FailingBus } from "../common/bus/failing-bus.ts";
import { openBus } from "../common/bus/open-bus.ts";
import { systemClock } from "../common/clock.ts";
import type { Config } from "../common/config.ts";
import { SERVICES, type ServiceName } from "../common/contracts/names.ts";
import { armFailpoints } from "../common/failpoints.ts";
import { remoteVerifier, type TokenVerifier } from "../common/http/tokens.ts";
import { assertLimits } from "../common/limits.ts";
import { LONGEST_SOCKET_PATH } from "../common/local-transporter.ts";
import { createLog, type Log } from "../common/log.ts";
import { seam } from "../common/seams.ts";
import type { EmbeddedPostgres } from "../common/servers/embedded-postgres.ts";
import type { ServiceContext } from "../common/service-context.ts";
import { databaseUrls, needsPostgres, startPostgres } from "./databases.ts";
import { plantMutant } from "./mutants/plant-mutant.ts";
import { checkNats, checkPorts, checkSubset, checkTicketKeys } from "./preconditions.ts";
import { removeStackNote, type StackNote, writeStackNote } from "./stack-file.ts";
import { ticketKeys } from "./ticket-keys.ts";

type Factory = (context: ServiceContext) => ServiceSchema;

/** A process reads the source of its own services only; a payment provider's library alone is 1 MB. */
const FACTORIES: Readonly<Record<ServiceName, () => Promise<Factory>>> = {
  account: async () => (await import("../account/account.service.ts")).accountService,
  queue: async () => (await import("../queue/queue.service.ts")).queueService,
  ticket: async () => (await import("../ticket/ticket.service.ts")).ticketService,
  payment: async () => (await import("../payment/payment.service.ts")).paymentService,
  saga: async () => (await import("../saga/saga.service.ts")).sagaService,
};

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
  armFailpoints(options.config.FAILPOINTS);
  plantMutant(options.config.MUTANT);
  const { config, services } = options;
  const dataDir = resolve(options.dataDir);
  checkSubset(config, services);
  checkTicketKeys(config, services);
  await checkPorts(config, services);
  await checkNats(config);
  const log = createLog(config.logLevel);
  const postgres = needsPostgres(config, services)
    ? await startPostgres(dataDir, {
        durable: options.durable,
        log: (line) => log.debug({ postgres: line }),
      })
    : undefined;
  const server = config.DATABASE_URL ?? postgres?.url("postgres");
  try {
    const socket = postgres && socketPath(config, dataDir);
    const keys = await ticketKeys(config, services, postgres && dataDir, log);
    const ground = { server, socket, keys };
    const { broker, bus, urls } = await startServices(config, services, ground, log);
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

/** What services stand on, beside the settings. */
interface Ground {
  readonly server: string | undefined;
  readonly socket: string | undefined;
  readonly keys: readonly string[];
}

async function startServices(
  config: Config,
  services: readonly ServiceName[],
  { server, socket, keys }: Ground,
  log: Log,
) {
  const urls: Record<string, string> = {};
  const local = socket === undefined ? undefined : ({ path: socket, role: "hub" } as const);
  const broker = new ServiceBroker(brokerOptions(config, { nodeId: nodeIdOf(services), local }));
  const opened = await openBus(config, services, broker, log);
  const bus = seam("bus", config.FAILPOINTS ? new FailingBus(opened) : opened);
  const context: ServiceContext = {
    config,
    broker,
    bus,
    clock: systemClock,
    log,
    verifier: seam(
      "verifier",
      verifierOf(config, () => urls.account),
    ),
    serviceCredential:
      config.SERVICE_CREDENTIAL ??
      (config.embedded ? randomBytes(32).toString("base64url") : undefined),
    queueTicketKeys: keys,
    databaseUrl: databaseUrls(server),
    onListening: (service, url) => {
      urls[service] = url;
    },
  };
  const factories = await Promise.all(services.map((name) => FACTORIES[name]()));
  for (const factory of factories) broker.createService(factory(context));
  try {
    await broker.start();
    return { broker, bus, urls };
  } catch (error) {
    await bus.close();
    await broker
      .stop()
      .catch((stopping) => log.debug({ err: stopping }, "stop after a failed start"));
    throw error;
  }
}

function nodeIdOf(services: readonly ServiceName[]): string {
  const what = services.length === SERVICES.length ? "all" : services.join("-");
  return `${what}-${process.pid}-${randomBytes(3).toString("hex")}`;
}

function note(
  urls: Readonly<Record<string, string>>,
  databaseUrl: string | undefined,
  socket: string | undefined,
): StackNote {
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
    recall: (token) => verifier?.recall(token),
  };
}
