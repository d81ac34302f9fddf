/** A whole cluster on this machine: servers, wires to them that can be cut, services in processes of their own. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { processEnvironment, readConfig } from "../../services/common/config.ts";
import { findFreePorts } from "../../services/common/servers/ports.ts";
import { addUser } from "../../services/stack/access.ts";
import type { Build } from "./build.ts";
import { type Death, MortalProcess, type ProcessSpec } from "./mortal-process.ts";
import type { Login } from "./office.ts";
import { type MortalServer, SERVERS, type ServerName, startServer } from "./servers.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export interface ClusterOptions {
  readonly build: Build;
  /** Of the run; the servers' folders and the logs lie in it. */
  readonly dir: string;
  readonly onDeath: (death: Death) => void;
  readonly onServerLine: (server: ServerName, line: string) => void;
}

export interface Cluster {
  readonly processes: readonly MortalProcess[];
  readonly servers: ReadonlyMap<ServerName, MortalServer>;
  readonly wires: ReadonlyMap<ServerName, TcpProxy>;
  /** Base URLs by service. */
  readonly urls: ReadonlyMap<string, readonly string[]>;
  readonly login: Login;
  stop(): Promise<void>;
}

/**
 * Short times, so that what waits for one is seen within a round: payments that stay silent pass
 * the deadline, leases of the dead end, questions are repeated.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  LOG_LEVEL: "warn",
  ALLOW_TEST_ACCOUNTS: "true",
  DATABASE_POOL_SIZE: "4",
  PERMITS_PER_MINUTE: "6000",
  PACING: "burst",
  REQUEST_TIMEOUT_MS: "1000",
  PAYMENT_TIMEOUT_MS: "800",
  PAYMENT_DEADLINE_SECONDS: "4",
  SAGA_RETRY_SECONDS: "1",
  PAYMENT_FAILURE_PERCENT: "15",
  PAYMENT_SILENT_PERCENT: "4",
  PAYMENT_LATE_PERCENT: "4",
  PAYMENT_LATE_MS: "6000",
};

/** The servers and all that is needed to start processes, which are not started yet. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { build, dir } = options;
  const undo: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const servers = new Map<ServerName, MortalServer>();
    const wires = new Map<ServerName, TcpProxy>();
    const environment = processEnvironment();
    for (const name of SERVERS) {
      const server = await startServer(name, { dir, environment, log: options.onServerLine });
      undo.push(() => server.remove());
      servers.set(name, server);
      const wire = await startTcpProxy(server.port);
      undo.push(() => wire.close());
      wires.set(name, wire);
    }
    const login = await addAdmin(servers.get("postgres")!.url);
    const { specs, urls } = await castOf(build, dir, servers, wires);
    await warmUp(build, specs[0]!.environment);
    const processes = specs.map((spec) => new MortalProcess(spec, options.onDeath));
    undo.push(async () => {
      await Promise.all(processes.map((one) => one.stop()));
    });
    return { processes, servers, wires, urls, login, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function addAdmin(databaseUrl: string): Promise<Login> {
  const login = { email: "ops@example.com", password: randomBytes(12).toString("hex") };
  await addUser(readConfig({ DATABASE_URL: databaseUrl }), "", { ...login, name: "Ops" }, "ADMIN");
  return login;
}

async function castOf(
  build: Build,
  dir: string,
  servers: ReadonlyMap<ServerName, MortalServer>,
  wires: ReadonlyMap<ServerName, TcpProxy>,
) {
  const seats = build.roles.flatMap(({ service, count, args }) =>
    Array.from({ length: count }, (_, index) => ({
      service,
      args,
      name: `${service}-${index + 1}`,
    })),
  );
  const ports = await findFreePorts(seats.length);
  const urls = new Map<string, string[]>();
  for (const [index, { service }] of seats.entries()) {
    urls.set(service, [...(urls.get(service) ?? []), `http://127.0.0.1:${ports[index]}`]);
  }
  const { PATH = "", HOME = "" } = processEnvironment();
  const common = {
    ...SETTINGS,
    ...{ PATH, HOME, CI: "true", NODE_COMPILE_CACHE: join(dir, "compile-cache") },
    DATABASE_URL: through(servers.get("postgres")!, wires.get("postgres")!),
    REDIS_URL: through(servers.get("redis")!, wires.get("redis")!),
    NATS_URL: through(servers.get("nats")!, wires.get("nats")!),
    ACCOUNT_URL: urls.get("account")![0]!,
    QUEUE_TICKET_KEYS: randomBytes(32).toString("hex"),
    SERVICE_CREDENTIAL: randomBytes(32).toString("hex"),
  };
  const specs = seats.map(({ name, service, args }, index): ProcessSpec => {
    const port = { [`${service.toUpperCase()}_PORT`]: String(ports[index]) };
    const environment = { ...common, ...port };
    return { name, service, args, environment, logFile: join(dir, `${name}.log`) };
  });
  return { specs, urls };
}

/** The server's URL, by way of the wire. */
function through(server: MortalServer, wire: TcpProxy): string {
  const url = new URL(server.url);
  url.port = String(wire.port);
  return url.href.replace(/\/$/, "");
}

/**
 * Fills the compile cache, which processes that die by SIGKILL would never write: a start then
 * takes 0.55 s of CPU instead of 1.2 s, and there are hundreds.
 */
async function warmUp({ roles }: Build, environment: NodeJS.ProcessEnv): Promise<void> {
  for (const main of new Set(roles.map(({ args }) => args[0]!))) {
    const child = spawn(process.execPath, [main, "--help"], { env: environment, stdio: "ignore" });
    await once(child, "close");
  }
}
