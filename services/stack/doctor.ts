/** What this machine has of what ReserveX can use, and how to get what is missing. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import { type Config, processEnvironment } from "../common/config.ts";
import { SERVICES } from "../common/contracts/names.ts";
import { lookAtNats } from "../common/servers/look-at-nats.ts";
import { isPortFree, whoHoldsPort } from "../common/servers/ports.ts";
import { locatePostgres } from "../common/servers/postgres-binaries.ts";
import { findProgram, runProgram } from "../common/servers/programs.ts";
import { messageOf } from "../common/servers/server-unavailable.ts";

export interface Check {
  readonly name: string;
  /** missing: something ReserveX cannot do without. absent: one feature less. */
  readonly state: "ok" | "missing" | "absent";
  readonly found: string;
  /** How to get it; empty when there is nothing to do. */
  readonly remedy: string;
}

const ok = (name: string, found: string): Check => ({ name, state: "ok", found, remedy: "" });

/** Starts nothing and installs nothing. */
export async function examine(config: Config, dataDir: string): Promise<readonly Check[]> {
  const checks = await Promise.all([
    node(),
    machine(),
    postgres(config),
    bus(config),
    folder(dataDir),
    ...SERVICES.map((name) => port(name, config)),
    program("nats-server", "tests, services in several processes", "apt-get install nats-server"),
    program("redis-server", "tests", "apt-get install redis-server"),
    program("k6", "load tests by k6", "go install go.k6.io/k6@latest"),
    docker(),
  ]);
  return checks;
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 7)) return ok("node", process.versions.node);
  return {
    name: "node",
    state: "missing",
    found: process.versions.node,
    remedy: "npm install brings Node 24 along",
  };
}

function machine(): Check {
  const gigabytes = (totalmem() / 1024 ** 3).toFixed(1);
  return ok("machine", `${availableParallelism()} cores, ${gigabytes} GB memory`);
}

async function postgres(config: Config): Promise<Check> {
  const name = "postgresql";
  if (config.DATABASE_URL) return ok(name, `DATABASE_URL (${new URL(config.DATABASE_URL).host})`);
  try {
    const { version } = await locatePostgres();
    return ok(name, `embedded, ${version}`);
  } catch (error) {
    return {
      name,
      state: "missing",
      found: messageOf(error),
      remedy: "run npm install without --omit=optional, or set DATABASE_URL",
    };
  }
}

/** What carries messages between services, and whether it is there. */
async function bus(config: Config): Promise<Check> {
  const name = "bus";
  const { NATS_URL: url } = config;
  if (!url) return ok(name, "direct, in this process");
  const where = new URL(url).host;
  const server = await lookAtNats(url);
  if (server.outcome === "unreachable") {
    const found = `NATS does not answer at ${where}: ${server.because}`;
    return { name, state: "missing", found, remedy: "start it, or unset NATS_URL" };
  }
  if (config.bus === "direct") return ok(name, `direct, over NATS ${server.version} (${where})`);
  if (server.jetStream) return ok(name, `JetStream of NATS ${server.version} (${where})`);
  return {
    name,
    state: "missing",
    found: `NATS ${server.version} at ${where} runs without JetStream`,
    remedy: "start it with --jetstream --store_dir DIR, or set BUS=direct",
  };
}

/** The folder itself, or the nearest one above it that is there and would hold it. */
async function folder(dataDir: string): Promise<Check> {
  const path = resolve(dataDir);
  let nearest = path;
  while (nearest !== dirname(nearest) && !(await stat(nearest).catch(() => undefined))) {
    nearest = dirname(nearest);
  }
  try {
    if (!(await stat(nearest)).isDirectory()) throw new Error(`${nearest} is no folder`);
    await access(nearest, constants.W_OK);
    return ok("data folder", path);
  } catch (error) {
    return {
      name: "data folder",
      state: "missing",
      found: messageOf(error),
      remedy: "choose another with --data",
    };
  }
}

async function port(name: (typeof SERVICES)[number], config: Config): Promise<Check> {
  const number = config.ports[name];
  const title = `port ${number} (${name})`;
  if (await isPortFree(number, config.HTTP_HOST)) return ok(title, "free");
  const holder = await whoHoldsPort(number);
  return {
    name: title,
    state: "absent",
    found: `in use${holder ? ` by ${holder}` : ""}`,
    remedy: `free it, or set ${name.toUpperCase()}_PORT`,
  };
}

async function program(name: string, use: string, remedy: string): Promise<Check> {
  const path = await findProgram(name, processEnvironment());
  return path ? ok(name, path) : { name, state: "absent", found: `not found (${use})`, remedy };
}

async function docker(): Promise<Check> {
  const environment = processEnvironment();
  const path = await findProgram("docker", environment);
  if (!path)
    return { name: "docker", state: "absent", found: "not found (docker compose)", remedy: "" };
  const info = await runProgram(path, ["info"], { environment, timeoutMs: 5_000 }).catch(
    () => undefined,
  );
  if (info?.code === 0) return ok("docker", path);
  return {
    name: "docker",
    state: "absent",
    found: `${path}, but no daemon answers`,
    remedy: "start Docker",
  };
}
