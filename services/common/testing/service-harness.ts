/**
 * One service with real PostgreSQL, a real broker and real HTTP, for integration tests. Each harness
 * has a database of its own, made for it and dropped at its end.
 */
import { randomUUID } from "node:crypto";
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "../../../moleculer.config.ts";
import type { Bus } from "../bus/bus.ts";
import { DirectBus } from "../bus/direct-bus.ts";
import { type Clock, systemClock } from "../clock.ts";
import { type Config, processEnvironment, readConfig } from "../config.ts";
import type { Role } from "../contracts/account.ts";
import { withClient, withDatabase } from "../database.ts";
import { ACCESS_TOKEN_TYPE, CachingVerifier } from "../http/tokens.ts";
import { createLog } from "../log.ts";
import type { ServiceContext } from "../service-context.ts";

export interface HarnessOptions {
  /** The service under test, and any stand-ins for the services it talks to. */
  readonly services: (context: ServiceContext) => readonly ServiceSchema[];
  /** Settings as environment variables; ports are 0 unless given. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** With NATS_URL among the settings: those of one namespace find each other, and no others. */
  readonly namespace?: string;
  /** Wraps the bus, for example to lose acknowledgements, or opens another; the harness closes it. */
  readonly bus?: (bus: Bus) => Bus | Promise<Bus>;
  /** A database left by an earlier harness (`keepDatabase`), to test a restart. */
  readonly database?: string;
}

/** `T`: what the test expects in the body; nothing checks it but the test's own assertions. */
export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or the text itself. */
  readonly body: T;
}

export interface Call {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
}

export interface Harness {
  readonly broker: ServiceBroker;
  readonly bus: Bus;
  readonly config: Config;
  readonly databaseUrl: (service: string) => string;
  token(userId: number, role?: Role): Promise<string>;
  /** A request to the edge of a service: `http("ticket", "/api/events")`. */
  http<T = Record<string, unknown>>(service: string, path: string, call?: Call): Promise<Answer<T>>;
  /** Ends everything and drops the databases, unless they are to be used again. */
  stop(options?: { readonly keepDatabase?: boolean }): Promise<void>;
  /** Names the databases, for `HarnessOptions.database`. */
  readonly database: string;
}

export async function startHarness(options: HarnessOptions): Promise<Harness> {
  const server = testDatabaseServer();
  const config = readConfig({ ...TEST_SETTINGS, DATABASE_URL: server, ...options.settings });
  const database = options.database ?? `t_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const made = new Set<string>();
  const databaseUrl = (service: string) => {
    made.add(`${database}_${service}`);
    return withDatabase(server, `${database}_${service}`);
  };
  const issuer = await testIssuer(config);
  const nodeId = `test-${randomUUID()}`;
  const { namespace } = options;
  const broker = new ServiceBroker({
    ...brokerOptions(config, { nodeId }),
    ...(namespace ? { namespace } : {}),
  });
  const direct = new DirectBus(broker);
  const bus = (await options.bus?.(direct)) ?? direct;
  const urls = new Map<string, string>();
  const context: ServiceContext = {
    config,
    broker,
    bus,
    clock: options.clock ?? systemClock,
    log: createLog(config.logLevel),
    verifier: issuer.verifier,
    serviceCredential: config.SERVICE_CREDENTIAL,
    queueTicketKeys: config.QUEUE_TICKET_KEYS ?? [TEST_TICKET_KEY],
    databaseUrl,
    onListening: (service, url) => urls.set(service, url),
  };
  for (const schema of options.services(context)) broker.createService(schema);
  const dropDatabases = () =>
    withClient(server, async (client) => {
      for (const name of made) await client.query(`drop database if exists ${name} with (force)`);
    });
  try {
    await broker.start();
  } catch (error) {
    await bus.close();
    await broker.stop().catch(() => {});
    // Databases handed over may still be somebody's.
    if (!options.database) await dropDatabases();
    throw error;
  }
  return {
    broker,
    bus,
    config,
    databaseUrl,
    database,
    token: issuer.token,
    http: (service, path, call) => request(`${urls.get(service)}${path}`, call ?? {}),
    async stop(stopping) {
      await bus.close();
      await broker.stop();
      if (!stopping?.keepDatabase) await dropDatabases();
    },
  };
}

const TEST_SETTINGS = {
  NODE_ENV: "test",
  LOG_LEVEL: "fatal",
  TICKET_PORT: "0",
  ACCOUNT_PORT: "0",
  PAYMENT_PORT: "0",
  QUEUE_PORT: "0",
  SAGA_PORT: "0",
  DATABASE_POOL_SIZE: "6",
};

/** The same in every harness: a restarted queue honours the tickets of before. */
const TEST_TICKET_KEY = "a-queue-ticket-key-of-32-characters";

/** The PostgreSQL that the test runner started (or was given). */
export function testDatabaseServer(): string {
  return needed("TEST_DATABASE_URL");
}

export function testNatsUrl(): string {
  return needed("TEST_NATS_URL");
}

function needed(name: string): string {
  const value = processEnvironment()[name];
  if (!value)
    throw new Error(`${name} is not set: run this file by "npm run test:integration -- FILE"`);
  return value;
}

/** Signs and verifies as the account service does, with a key pair of its own. */
async function testIssuer(config: Config) {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "test", alg: "ES256", use: "sig" };
  const rules = { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE };
  const verifier = new CachingVerifier(createLocalJWKSet({ keys: [jwk] }), () => "test", rules);
  const token = (userId: number, role: Role = "USER"): Promise<string> =>
    new SignJWT({ role })
      .setProtectedHeader({ alg: "ES256", kid: "test", typ: ACCESS_TOKEN_TYPE })
      .setSubject(String(userId))
      .setIssuer(rules.issuer)
      .setAudience(rules.audience)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(privateKey);
  return { verifier, token };
}

async function request<T>(url: string, call: Call): Promise<Answer<T>> {
  const body =
    call.body === undefined || typeof call.body === "string"
      ? call.body
      : JSON.stringify(call.body);
  const response = await fetch(url, {
    method: call.method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(call.token ? { authorization: `Bearer ${call.token}` } : {}),
      ...call.headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text ? JSON.parse(text) : text,
  };
}

/** Asks again and again until the answer fits; for effects that arrive by messages. */
export async function eventually<T>(
  ask: () => Promise<T>,
  fits: (answer: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
